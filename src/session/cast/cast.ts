import type { PreparedIdentity } from '../../swap/swap.ts';

/** What is done with a face: it wears an identity, is hidden (`null`), or left alone (`own`), which only the policy `always` does. */
export type Part = PreparedIdentity | null | 'own';

/** Which of the faces in front of the camera a part is for. */
export interface Wearer<Worn = Part> {
  readonly identity: Worn;
  /** Place among the faces of the picture: 1, 2, … from the left, −1, −2, … from the right. */
  readonly position?: number;
  /** What the recogniser makes of the person, 512 numbers. Without position and likeness: everybody else. */
  readonly likeness?: Float32Array;
}

/** Most wearers of one session: more faces than that are not followed. */
export const MOST_WEARERS = 8;
