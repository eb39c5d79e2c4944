import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../../test/support/patience.ts';
import { sceneOf } from '../../../../test/media/clip.ts';
import { LocalLanes, TINY } from '../../../../test/support/local-lanes.ts';
import { psnr } from '../../../../test/media/psnr.ts';
import { PixelRig, talk } from '../../../../test/support/pixel-rig.ts';
import { NeuralPass } from '../../../../test/support/neural-pass.ts';
import { markedPortrait, TEST_CONSENT } from '../../../../test/support/portraits.ts';
import { prepareFound } from '../../../swap/identity/prepare.ts';
import type { CropLane, CropLanes, CropLaneOptions } from '../../../swap/neural/crop-lane.ts';
import { Embedder } from '../../../swap/neural/embedder.ts';
import { sourcesOf } from '../../../swap/neural/sources.ts';
import type { PreparedIdentity } from '../../../swap/swap.ts';
import type { Box } from '../../../media/plane.ts';
import { USUAL_LOOK } from '../../settings.ts';
import { FacePass } from '../face-pass.ts';
import { openParts, type OpenParts } from '../parts.ts';

let parts: OpenParts;
let photos: Record<'astronaut' | 'hopper', PreparedIdentity>;

async function photo(name: 'astronaut' | 'hopper'): Promise<PreparedIdentity> {
  const { picture, landmarks } = markedPortrait(name);
  const { identity } = prepareFound(picture, [{ landmarks }], TEST_CONSENT, parts.models.geometry);
  return { ...identity, sources: await sourcesOf({ photo: picture, landmarks }, [TINY], new Embedder()) };
}
beforeAll(async () => {
  parts = await openParts();
  photos = { astronaut: await photo('astronaut'), hopper: await photo('hopper') };
});
afterAll(() => parts.models.close());

/** A network in this process that keeps which sources came with each frame. */
class NotedLanes implements CropLanes {
  readonly #lanes = new LocalLanes();
  readonly sources: string[][] = [];
  async open(options: CropLaneOptions): Promise<CropLane> {
    const lane = await this.#lanes.open(options);
    return {
      swap: (crops, asked) => {
        this.sources.push(asked.sources.map(({ hash }) => hash));
        return lane.swap(crops, asked);
      },
      close: () => lane.close(),
    };
  }
  close(): void {}
}

const middle = ({ x, y, width, height }: Box): Box => ({
  x: x + width * 0.25,
  y: y + height * 0.25,
  width: width * 0.5,
  height: height * 0.5,
});

describe('two faces by a network', () => {
  test('each have their own source, and one that wears a painted mask is swapped by the mesh', async () => {
    const settings = { ...USUAL_LOOK, enhance: 0, policy: 'never', budget: 66, faces: 2, label: true } as const;
    const pass = new FacePass({ ...parts, tracker: parts.createTracker(2) }, settings);
    const lanes = new NotedLanes();
    const neural = await NeuralPass.open(pass, TINY, lanes);
    const scene = sceneOf({ script: 'crossing', width: 640, height: 360 });
    const run = (index: number) => neural.run(scene.draw(index).picture, { at: index * 33.3 });

    const wearers = [
      { identity: photos.astronaut, position: 1 },
      { identity: photos.hopper, position: -1 },
    ];
    pass.cast(wearers);
    for (let index = 0; index < 10; index++) await run(index);
    const hash = (name: 'astronaut' | 'hopper') => photos[name].sources!.get('tiny')!.hash;
    // The face that is followed longer comes first; it is the one on the left.
    expect(lanes.sources.at(-1)).toEqual([hash('astronaut'), hash('hopper')]);

    pass.cast([wearers[0]!, { identity: parts.mask('gold')!, position: -1 }]);
    expect(await run(10)).toMatchObject({ kind: 'ready', outcome: 'swapped', failed: false });
    expect(lanes.sources.at(-1)).toEqual([hash('astronaut')]);
  });

  test('of a live session are out together, one by the network and one by the mesh, while newer frames are looked at', async () => {
    const lanes = new LocalLanes();
    const { backend, createTracker } = parts;
    const rig = new PixelRig(parts, { backend, createTracker, networks: { recipes: [TINY], lanes } });
    rig.open('a', { swap: 'tiny', budget: 300, faces: 2, label: false }, 'vp8', null);
    const clip = talk(16, { width: 640, height: 360, script: 'crossing' });
    const wearers = [
      { identity: photos.astronaut, position: 1 },
      { identity: 'mask:gold', position: -1 },
    ] as const;
    rig.thread.receive({ type: 'identity', session: 'a', wearers });
    await vi.waitUntil(() => lanes.opened.length > 0, PATIENCE);
    for (const chunk of clip.slice(0, 12)) {
      const before = rig.of('chunk').length;
      await rig.play([chunk]);
      await vi.waitUntil(() => rig.of('chunk').length > before, { ...PATIENCE, interval: 2 });
    }
    lanes.holds = true;
    await rig.play(clip.slice(12, 14));
    expect(lanes.held.map(({ crops }) => crops)).toEqual([1, 1]);
    for (const held of lanes.held.splice(0)) held.swap();
    await vi.waitUntil(() => rig.of('chunk').length === 14, { ...PATIENCE, interval: 2 });

    expect(
      rig
        .of('chunk')
        .map(({ outcome }) => outcome)
        .slice(-4),
    ).toEqual(Array(4).fill('swapped'));
    expect(rig.figures().drops).toEqual({});
    const scene = sceneOf({ script: 'crossing', width: 640, height: 360 });
    const [raw, shown] = [scene.draw(12).picture, rig.pictures()[12]!];
    // Where each of the two is now, in the older of the frames that were away together, nobody is seen as they are.
    for (const { box } of scene.truth(12)) expect(psnr(raw, shown, { within: middle(box) })).toBeLessThan(22);
    rig.thread.close();
  });
});
