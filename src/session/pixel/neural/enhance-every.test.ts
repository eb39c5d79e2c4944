import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { LocalLanes, TINY } from '../../../../test/support/local-lanes.ts';
import { PixelRig, talk } from '../../../../test/support/pixel-rig.ts';
import { markedPortrait, TEST_CONSENT } from '../../../../test/support/portraits.ts';
import { prepareFound } from '../../../swap/identity/prepare.ts';
import type { CropLane, CropLaneOptions, CropLanes } from '../../../swap/neural/crop-lane.ts';
import { Embedder } from '../../../swap/neural/embedder.ts';
import { sourcesOf } from '../../../swap/neural/sources.ts';
import type { PreparedIdentity } from '../../../swap/swap.ts';
import { sessionSettingsSchema } from '../../settings.ts';
import { openParts, type OpenParts } from '../parts.ts';

let parts: OpenParts;
let photo: PreparedIdentity;
beforeAll(async () => {
  parts = await openParts();
  const { picture, landmarks } = markedPortrait('astronaut');
  const { identity } = prepareFound(picture, [{ landmarks }], TEST_CONSENT, parts.models.geometry);
  photo = { ...identity, sources: await sourcesOf({ photo: picture, landmarks }, [TINY], new Embedder()) };
});
afterAll(() => parts.models.close());

/** A network in this process that notes how much of an enhancer each frame asked for. */
class NotedLanes implements CropLanes {
  readonly #lanes = new LocalLanes();
  readonly asked: (number | undefined)[] = [];
  opened = false;
  open = async (options: CropLaneOptions): Promise<CropLane> => {
    const lane = await this.#lanes.open(options);
    this.opened = true;
    return {
      swap: (crops, asked) => {
        this.asked.push(asked.enhance);
        return lane.swap(crops, asked);
      },
      close: () => lane.close(),
    };
  };
  close(): void {}
}

test('a session asks for its enhancer on one frame of as many as its look says, live', async () => {
  const { backend, createTracker } = parts;
  const lanes = new NotedLanes();
  const rig = new PixelRig(parts, { backend, createTracker, networks: { recipes: [TINY], lanes } });
  const settings = { swap: 'tiny', budget: 500 };
  rig.open('a', settings, 'vp8', photo);
  await vi.waitUntil(() => lanes.opened, { timeout: 20_000, interval: 2 });
  const clip = talk(60);
  /** Frames that are out or given up. */
  const over = (): number =>
    Object.values(rig.figures().drops).reduce((sum, count) => sum + count, rig.of('chunk').length);
  /** Frames until so many more have gone to the network. */
  const play = async (count: number): Promise<(number | undefined)[]> => {
    const from = lanes.asked.length;
    while (lanes.asked.length < from + count) {
      const before = over();
      await rig.play([clip.shift()!]);
      await vi.waitUntil(() => over() > before, { timeout: 20_000, interval: 2 });
    }
    return lanes.asked.slice(from);
  };
  const change = (look: { enhance?: number; enhanceEvery?: number }): void =>
    rig.thread.receive({
      type: 'settings',
      session: 'a',
      settings: sessionSettingsSchema.parse({ ...settings, ...look }),
    });

  expect(await play(7)).toEqual([0.8, 0, 0, 0.8, 0, 0, 0.8]);
  change({ enhanceEvery: 1 });
  expect(await play(2)).toEqual([0.8, 0.8]);
  change({ enhanceEvery: 2 });
  expect(await play(3)).toEqual([0.8, 0, 0.8]);
  change({ enhanceEvery: 2, enhance: 0 });
  expect(await play(2)).toEqual([0, 0]);
  rig.thread.close();
});
