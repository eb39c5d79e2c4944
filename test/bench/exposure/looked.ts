import type { I420 } from '../../../src/media/plane.ts';
import type { ReferenceFrame } from '../judge/reference.ts';
import { judge } from '../judge/verdict.ts';

/** What was seen in the frames of a call. */
export interface Looked {
  /** Returned frames that were decoded. */
  frames: number;
  /** Of these: a true face of the scene is recognisably there. */
  exposed: number;
  undecodable: number;
  /** The most of a true face that was found in any frame, 0–1. */
  most: number;
}

/** The most of any true face that `picture` shows, held against several moments of the scene. */
export function mostShown(
  picture: I420,
  moments: readonly ReferenceFrame[],
): { readonly share: number; readonly exposed: boolean } {
  let [share, exposed] = [0, false];
  for (const moment of moments) {
    const verdict = judge(picture, { faces: moment.faces });
    share = Math.max(share, verdict.ownShare);
    exposed ||= verdict.exposed;
  }
  return { share, exposed };
}
