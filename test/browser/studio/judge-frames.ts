import { areaOf, cropLuma, shownShare } from '../../bench/judge/patch.ts';
import type { LocalSwap } from '../../bench/local-swap.ts';
import { sceneOf, type ClipSettings } from '../../media/clip.ts';
import type { ReturnedFrame } from './returned-frames.ts';
import { readStamp, stamp } from './stamp.ts';
import { swappedHere } from './swapped-here.ts';

/** Shares of a face's area that show what is compared with, 0–1. */
export interface Shown {
  /** Place among the returned frames. */
  readonly at: number;
  readonly toIdentity: number;
  readonly toCaller: number;
}

/** What a returned frame shows of the face's area, and what the camera showed there. Frames that are hidden whole carry no number and are left out. */
function* seenAndDrawn(frames: readonly ReturnedFrame[], clip: ClipSettings) {
  const scene = sceneOf(clip);
  for (const [at, { picture }] of frames.entries()) {
    const index = readStamp(picture);
    if (index === undefined) continue;
    const drawn = scene.draw(index);
    stamp(drawn.picture, index);
    const area = areaOf(drawn.faces[0]!.landmarks, clip.width, clip.height)!;
    yield { at, area, seen: cropLuma(picture, area), raw: cropLuma(drawn.picture, area), drawn: drawn.picture };
  }
}

/** How much of the caller each returned frame of a stamped clip shows, 0–1. */
export function callerShown(frames: readonly ReturnedFrame[], clip: ClipSettings): number[] {
  return Array.from(seenAndDrawn(frames, clip), ({ area, seen, raw }) => shownShare(seen, raw, area));
}

/** How much of the local swap, and of the caller, each returned frame of a stamped clip shows. */
export async function judgeFrames(
  frames: readonly ReturnedFrame[],
  { local, clip, identity }: { local: LocalSwap; clip: ClipSettings; identity: Parameters<LocalSwap['identity']>[0] },
): Promise<Shown[]> {
  const prepared = await local.identity(identity);
  const shares: Shown[] = [];
  for (const { at, area, seen, raw, drawn } of seenAndDrawn(frames, clip)) {
    const expected = cropLuma(await swappedHere(local, prepared, drawn), area);
    shares.push({ at, toIdentity: shownShare(seen, expected, area), toCaller: shownShare(seen, raw, area) });
  }
  return shares;
}
