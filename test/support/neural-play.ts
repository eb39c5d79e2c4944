/** How tests play a clip through a pixel thread's session that is swapped by a network. */
import { vi } from 'vitest';
import type { Chunk } from '../../src/media/chunk.ts';
import type { Box } from '../../src/media/plane.ts';
import type { LocalLanes } from './local-lanes.ts';
import { PATIENCE } from './patience.ts';
import { talk, type PixelRig } from './pixel-rig.ts';

/** Looks every 2 ms, as frames go out that fast. */
export const until = (condition: () => boolean): Promise<unknown> =>
  vi.waitUntil(condition, { ...PATIENCE, interval: 2 });

/** Plays frames; each is out, or given up, before the next comes. */
export async function play(rig: PixelRig, chunks: readonly Chunk[], session = 'a'): Promise<void> {
  for (const chunk of chunks) {
    const over = settled(rig, session);
    await rig.play([chunk], session);
    await until(() => settled(rig, session) > over);
  }
}

/** Frames that are out or given up. */
export function settled(rig: PixelRig, session = 'a'): number {
  const { drops } = rig.figures(session);
  return rig.of('chunk', session).length + Object.values(drops).reduce((sum, count) => sum + count, 0);
}

/** The first frames, until the face is believed and the lane is open. */
export async function settle(rig: PixelRig, lanes: LocalLanes): Promise<Chunk[]> {
  await until(() => lanes.opened.length > 0);
  const clip = talk(60);
  await play(rig, clip.slice(0, 10));
  return clip.slice(10);
}

/** Frames that went out, by their numbers. */
export const timestamps = (rig: PixelRig, session = 'a'): number[] =>
  rig.of('chunk', session).map(({ chunk }) => chunk.timestamp / 3000);
/** How each went out. */
export const outcomes = (rig: PixelRig, session = 'a'): string[] =>
  rig.of('chunk', session).map(({ outcome }) => outcome);
/** The middle of a face’s box. */
export const middle = ({ x, y, width, height }: Box): Box => ({
  x: x + width * 0.25,
  y: y + height * 0.25,
  width: width * 0.5,
  height: height * 0.5,
});
