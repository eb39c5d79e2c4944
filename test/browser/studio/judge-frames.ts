import { areaOf, cropLuma, shownShare } from '../../bench/judge/patch.ts';
import type { LocalSwap } from '../../bench/local-swap.ts';
import { sceneOf, type ClipSettings } from '../../media/clip.ts';
import type { ReturnedFrame } from './returned-frames.ts';
import { readStamp, stamp } from './stamp.ts';
import { swappedHere } from './swapped-here.ts';

/** Shares of a face's area that show what is compared with, 0–1. */
export interface Shown {
  readonly toIdentity: number;
  readonly toCaller: number;
}

/** How much of the local swap, and of the caller, each returned frame of a stamped clip shows. */
export async function judgeFrames(
  frames: readonly ReturnedFrame[],
  { local, clip, identity }: { local: LocalSwap; clip: ClipSettings; identity: Parameters<LocalSwap['identity']>[0] },
): Promise<Shown[]> {
  const scene = sceneOf(clip);
  const prepared = await local.identity(identity);
  const shares: Shown[] = [];
  for (const { picture } of frames) {
    const index = readStamp(picture);
    if (index === undefined) continue;
    const drawn = scene.draw(index);
    stamp(drawn.picture, index);
    const area = areaOf(drawn.faces[0]!.landmarks, clip.width, clip.height)!;
    const raw = cropLuma(drawn.picture, area);
    const expected = await swappedHere(local, prepared, drawn.picture);
    const seen = cropLuma(picture, area);
    shares.push({
      toIdentity: shownShare(seen, cropLuma(expected, area), area),
      toCaller: shownShare(seen, raw, area),
    });
  }
  return shares;
}
