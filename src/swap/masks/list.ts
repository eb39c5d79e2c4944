import { android } from './faces/android.ts';
import { calavera } from './faces/calavera.ts';
import { carnival } from './faces/carnival.ts';
import { comic } from './faces/comic.ts';
import { gold } from './faces/gold.ts';
import { porcelain } from './faces/porcelain.ts';
import { tiger } from './faces/tiger.ts';
import type { MaskPainter } from './material.ts';

/** All painters, in the order in which people are shown them. */
export const PAINTERS: readonly MaskPainter[] = [porcelain, gold, carnival, calavera, android, tiger, comic];
