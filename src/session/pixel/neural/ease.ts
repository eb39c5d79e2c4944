import { LADDER, type Step } from '../../../schedule/degradation.ts';
import type { LaneLevel } from '../../../swap/neural/crop-lane.ts';

/** What a session does less of while there is too much for the swap networks. */
export interface Ease {
  /** Faces that are swapped at most; the rest are hidden. */
  readonly faces: number;
  /** Every second frame wears the new faces of the one before, laid where its own are. */
  readonly sparing: boolean;
  /** No face is cut more finely than its network takes it. */
  readonly coarse: boolean;
  /** Frames a second at most. */
  readonly frameRate: number;
  /** No face is swapped: all are hidden. */
  readonly hidden: boolean;
}

/** Nothing. */
export const AT_EASE: Ease = { faces: Infinity, sparing: false, coarse: false, frameRate: Infinity, hidden: false };

/** What each step of the ladder adds to those before it. Enhancers are the GPU's own business. */
const STEPS: Readonly<Record<Step, Partial<Ease>>> = {
  whole: {},
  'enhancer off': {},
  'fewer faces': { faces: 1 },
  'every second frame': { sparing: true },
  'smaller crop': { coarse: true },
  'lower frame rate': { frameRate: 15 },
  hidden: { hidden: true },
};

/** What a session does at this level of its lane. */
export function easeAt(level: LaneLevel): Ease {
  return Object.assign({ ...AT_EASE }, ...LADDER.slice(0, level + 1).map((step) => STEPS[step])) as Ease;
}
