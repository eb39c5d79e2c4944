/** Files by a network: the real broker and GPU workers, on the cpu provider with a tiny network. */
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../test/support/patience.ts';
import { sceneOf } from '../../../test/media/clip.ts';
import { EngineLanes } from '../../../test/support/engine-lanes.ts';
import { NeuralPass } from '../../../test/support/neural-pass.ts';
import { markedPortrait, TEST_CONSENT } from '../../../test/support/portraits.ts';
import { runGuise } from '../../../test/support/run-guise.ts';
import { swapRecipe } from '../../../test/support/swap-recipes.ts';
import { movingPicture } from '../../../test/support/moving-picture.ts';
import { makeVideoFile } from '../../../test/support/video-file.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import { gpuSchema, recipeFace } from '../../config/gpu.ts';
import { PROJECT_ROOT } from '../../entry.ts';
import { FaceTracker } from '../../face/tracker.ts';
import { FaceModels } from '../../face/models.ts';
import type { I420 } from '../../media/plane.ts';
import { FacePass } from '../../session/pixel/face-pass.ts';
import { USUAL_LOOK } from '../../session/settings.ts';
import { prepareFound } from '../../swap/identity/prepare.ts';
import { createFaceCells } from '../../swap/front/face-cells.ts';
import { MeshBackend } from '../../swap/mesh/mesh-backend.ts';
import type { CropLane } from '../../swap/neural/crop-lane.ts';
import { Embedder } from '../../swap/neural/embedder.ts';
import { sourcesOf } from '../../swap/neural/sources.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import { monotonic } from '../../time.ts';
import { FaceSwapper } from './face-swapper.ts';
import { KeepingLane, KeptFaces } from './kept-faces.ts';
import { judgeNetwork, Network } from './network.ts';

process.env['GUISE_LOG'] = 'silent';

const SIZE = { width: 640, height: 360 };
const LOOK = { ...USUAL_LOOK, policy: 'never', faces: 1, label: true } as const;
const FRAMES = 8;
/** As many times as a file's first picture is looked at, and how far apart. */
const ROUNDS = 8;
const ROUND = 40;

const worker = swapRecipe('tiny-image');
const { name, file, size } = worker;
const recipe = {
  ...{ name, file, size, template: 'arcface_128' },
  source: { kind: 'image', size: 64, template: 'arcface_112_v2' },
};
const gpu = gpuSchema.parse({ provider: 'cpu', workersPerGpu: 1, recipes: [recipe] });

let folder: string;
let models: FaceModels;
let photo: PreparedIdentity;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guise-network-'));
  models = await FaceModels.open();
  const { picture, landmarks } = markedPortrait('astronaut');
  const { identity } = prepareFound(picture, [{ landmarks }], TEST_CONSENT, models.geometry);
  const face = recipeFace(gpu.recipes[0]!);
  photo = { ...identity, sources: await sourcesOf({ photo: picture, landmarks }, [face], new Embedder()) };
});
afterAll(async () => {
  await models.close();
  await rm(folder, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

const copy = (p: I420): I420 => ({ ...p, y: p.y.slice(), u: p.u.slice(), v: p.v.slice() });
const bytesOf = ({ y, u, v }: I420): Buffer => Buffer.concat([y, u, v]);

/** What live sessions make of the same pictures: each to its end before the next, by the engine of a GPU worker in this process. */
async function live(pictures: readonly I420[]): Promise<Buffer[]> {
  const tracker = new FaceTracker(models, { maximum: 1 });
  const backend = new MeshBackend(models.geometry);
  const cells = createFaceCells(models.geometry);
  const pass = new FacePass({ tracker, backend, cells, clock: monotonic }, { ...LOOK, budget: 66, hold: 0 });
  pass.wear(photo);
  const lanes = await EngineLanes.open(worker);
  const neural = await NeuralPass.open(pass, recipeFace(gpu.recipes[0]!), lanes);
  for (let round = ROUNDS; round > 0; round--) await neural.run(copy(pictures[0]!), { at: -round * ROUND });
  const made: Buffer[] = [];
  for (const [index, original] of pictures.entries()) {
    const picture = copy(original);
    expect(await neural.run(picture, { at: index * 33 })).toMatchObject({ kind: 'ready', outcome: 'swapped' });
    made.push(bytesOf(picture));
  }
  lanes.close();
  return made;
}

describe('a file that is swapped by a network', () => {
  test('has the pixels of a live call, whatever is away at once, and loses no frame with a GPU worker', async () => {
    const scene = sceneOf({ script: 'talk', ...SIZE });
    const pictures = Array.from({ length: FRAMES }, (_, index) => copy(scene.draw(index).picture));
    const network = await Network.open(gpu);
    const { signal } = new AbortController();
    const lane = await network.lane({ faces: 1, signal });
    const swapper = new FaceSwapper(models, photo, LOOK, { recipe: network.recipe, lane });
    const made: Promise<Buffer>[] = [];
    const works: WorkPicture[] = [];
    for (const [index, picture] of pictures.entries()) {
      const work = new WorkPicture();
      works.push(work);
      work.load(picture);
      // What is away with a worker that is killed is sent again.
      if (index === 4) process.kill(await vi.waitUntil(() => network.workers[0], PATIENCE), 'SIGKILL');
      const { outcome } = await swapper.begin(work, index * 33);
      made.push(
        outcome.then((shown) => {
          expect(shown).toBe('swapped');
          return bytesOf(copy(work.picture));
        }),
      );
      if (index >= 2) await made[index - 2];
    }
    const frames = await Promise.all(made);
    swapper.close();
    for (const work of works) work.close();
    await network.close();

    (await live(pictures)).forEach((wanted, index) => expect(frames[index]!.equals(wanted)).toBe(true));
  });

  test('that was interrupted is gone on with: kept faces are not swapped again, and the file is the same', async () => {
    const scene = sceneOf({ script: 'talk', ...SIZE });
    const pictures = Array.from({ length: 4 }, (_, index) => copy(scene.draw(index).picture));
    const lanes = await EngineLanes.open(worker);
    let asked = 0;
    /** One run, which is cut off after so many pictures. */
    const run = async (most: number, faces?: KeptFaces): Promise<Buffer[]> => {
      const engine = await lanes.open();
      const counting: CropLane = {
        swap: (crops, options) => {
          asked += crops.length;
          return engine.swap(crops, options);
        },
        close: () => undefined,
      };
      const lane = faces ? new KeepingLane(counting, { faces, network: name }) : counting;
      const swapper = new FaceSwapper(models, photo, LOOK, { recipe: recipeFace(gpu.recipes[0]!), lane });
      const work = new WorkPicture();
      const made: Buffer[] = [];
      for (const [index, picture] of pictures.slice(0, most).entries()) {
        work.load(picture);
        await swapper.swap(work, index * 33);
        made.push(bytesOf(copy(work.picture)));
      }
      work.close();
      swapper.close();
      return made;
    };
    const wanted = await run(4);
    asked = 0;
    const first = new KeptFaces(join(folder, 'kept.mp4'));
    await run(2, first);
    first.close({ done: false });
    // The last record was being written.
    await appendFile(join(folder, '.kept.mp4.guise-faces'), Buffer.alloc(50, 1));
    const second = new KeptFaces(join(folder, 'kept.mp4'));
    expect(second.count).toBe(asked);
    const made = await run(4, second);
    // Each face was asked for once in both runs.
    expect(second.count).toBe(asked);
    second.close({ done: true });
    lanes.close();

    expect(made.map((frame, index) => frame.equals(wanted[index]!))).toEqual([true, true, true, true]);
    expect((await readdir(folder)).filter((file) => file.includes('guise-faces'))).toEqual([]);
  });

  test('is made by the command line', async () => {
    await writeFile(join(folder, 'guise.json'), JSON.stringify({ gpu: { provider: 'cpu', recipes: [recipe] } }));
    vi.stubEnv('GUISE_CONFIG', join(folder, 'guise.json'));
    const draw = (index: number) => movingPicture(640, 360, index);
    makeVideoFile({ path: join(folder, 'in.mp4'), video: { ...SIZE, times: [0, 40, 80, 120, 160], draw } });
    const hopper = join(PROJECT_ROOT, 'test/fixtures/grace_hopper.jpg');
    const args = ['swap', join(folder, 'in.mp4'), '--recipe', name, '--workers', '2', '--out', join(folder, 'out.mp4')];
    const { code, out, err } = await runGuise([...args, '--identity', hopper, '--subject', 'A', '--granted-by', 'B']);
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('loading') as string });
    expect(out).toMatch(/5 frames of 640 × 360 at [\d.]+ fps: 5 swapped/);
  });
});

describe('a network is refused', () => {
  const codeOf = (choice: Parameters<typeof judgeNetwork>[0]): Promise<unknown> =>
    judgeNetwork(choice).then(
      () => 'none',
      (error: unknown) => (error as { code: unknown }).code,
    );

  test('that is not there, not allowed, none of these, or no swap', async () => {
    vi.stubEnv('GUISE_CONFIG', join(folder, 'models.json'));
    await writeFile(join(folder, 'models.json'), JSON.stringify({ models: { folder } }));
    expect(await codeOf({})).toBe('none');
    expect(await codeOf({ model: 'inswapper_128' })).toBe('forbidden');
    expect(await codeOf({ model: 'nothing' })).toBe('not_found');
    expect(await codeOf({ model: 'gfpgan_1.4' })).toBe('unsupported');
    expect(await codeOf({ recipe: 'tiny' })).toBe('recipe_unknown');
    expect(await codeOf({ model: 'inswapper_128', recipe: 'tiny' })).toBe('unsupported');
    await writeFile(join(folder, 'models.json'), JSON.stringify({ models: { folder, allowNonCommercial: true } }));
    expect(await codeOf({ model: 'inswapper_128' })).toBe('not_found');
  });
});
