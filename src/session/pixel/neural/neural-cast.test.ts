import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sceneOf } from '../../../../test/media/clip.ts';
import { LocalLanes, TINY } from '../../../../test/support/local-lanes.ts';
import { NeuralPass } from '../../../../test/support/neural-pass.ts';
import { markedPortrait, TEST_CONSENT } from '../../../../test/support/portraits.ts';
import { prepareFound } from '../../../swap/identity/prepare.ts';
import type { CropLane, CropLanes, CropLaneOptions } from '../../../swap/neural/crop-lane.ts';
import { Embedder } from '../../../swap/neural/embedder.ts';
import { sourcesOf } from '../../../swap/neural/sources.ts';
import type { PreparedIdentity } from '../../../swap/swap.ts';
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

describe('two faces by a network', () => {
  test('each have their own source, and a painted mask among them has the mesh swap them all', async () => {
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

    const sent = lanes.sources.length;
    pass.cast([wearers[0]!, { identity: parts.mask('gold')!, position: -1 }]);
    expect(await run(10)).toMatchObject({ kind: 'ready' });
    expect(lanes.sources.length).toBe(sent);
  });
});
