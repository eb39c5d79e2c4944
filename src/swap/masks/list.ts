import { gold } from './faces/gold.ts';
import { porcelain } from './faces/porcelain.ts';
import type { MaskPainter } from './material.ts';

/** All painters, in the order in which people are shown them. */
export const PAINTERS: readonly MaskPainter[] = [porcelain, gold];
