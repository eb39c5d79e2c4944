/** Who of several faces is told by what the recogniser makes of it: a whole call with two people who pass each other, gateway and all. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configSchema } from '../../src/config/config.ts';
import { openGateway, type Gateway } from '../../src/gateway.ts';
import { createLog } from '../../src/log.ts';
import { monotonic } from '../../src/time.ts';
import { Signalling, uploadPhoto } from '../bench/client/signalling.ts';
import { paceStreams, Stream } from '../bench/client/stream.ts';
import { ReturnedPictures } from '../bench/judge/verdict.ts';
import { networkFile } from '../gpu/networks/networks.ts';
import { encodedClip, sceneOf, type ClipSettings } from '../media/clip.ts';
import { portraitFile, type PortraitName } from '../media/portrait.ts';
import { Random } from '../media/random.ts';
import { wornBy, type Worn } from '../bench/judge/worn.ts';

process.env['GUISE_LOG'] = 'error';

const CLIP: ClipSettings = { script: 'crossing', width: 640, height: 480, frameRate: 10 };
/** Both crossings of the clip, and a little of its second round. */
const ONE_ROUND = 110;

type Both = Record<PortraitName, Worn>;

let gateway: Gateway;
let url: string;
beforeAll(async () => {
  const source = { kind: 'embedding', embedder: networkFile('tiny-embedder') };
  const recipe = { name: 'swap', file: networkFile('tiny'), size: 128, template: 'arcface_128', source };
  const config = configSchema.parse({
    port: 0,
    media: { pixelThreads: 1 },
    gpu: { provider: 'cpu', workersPerGpu: 1, recipes: [recipe] },
  });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
  url = `http://127.0.0.1:${gateway.port}`;
});
afterAll(() => gateway.close());

const upload = (name: PortraitName): Promise<string> => uploadPhoto(url, readFileSync(portraitFile(name)));

/** What each person wears in the frames that came back, by their number, where both can be seen apart. */
function seenIn(returned: Stream['returned']): { readonly frame: number; readonly worn: Both }[] {
  const scene = sceneOf(CLIP);
  const pictures = new ReturnedPictures('vp8');
  const seen = returned.flatMap(({ data, keyframe, input }, frame) => {
    const picture = pictures.next(data, keyframe);
    const faces = input === undefined ? [] : scene.truth(input.clipIndex);
    const [one, other] = faces;
    if (!picture || !one || !other) return [];
    const apart = Math.abs(one.box.x - other.box.x) > 1.5 * Math.max(one.box.width, other.box.width);
    if (!apart) return [];
    const worn = Object.fromEntries(faces.map(({ portrait, box }) => [portrait, wornBy(picture, box)])) as Both;
    return [{ frame, worn }];
  });
  pictures.close();
  return seen;
}

const count = (seen: readonly Both[], wanted: Partial<Both>): number =>
  seen.filter((both) => Object.entries(wanted).every(([name, worn]) => both[name as PortraitName] === worn)).length;

test('each of two people wears what a photo of them was given, through two crossings; then only one of them, the other hidden', async () => {
  const clip = await encodedClip(CLIP, 'vp8');
  const [astronaut, hopper] = [await upload('astronaut'), await upload('hopper')];
  const signalling = await Signalling.open(url, {
    budget: 500,
    faces: 2,
    wearers: [
      { identity: 'mask:gold', like: hopper },
      { identity: 'mask:android', like: astronaut },
    ],
  });
  const stream = new Stream(clip, signalling, new Random(7));
  await stream.connect();
  const pacing = paceStreams([{ sendFrame: () => stream.sendFrame(), phase: 0, frameRate: clip.frameRate }]);
  const until = async (frames: number): Promise<void> => {
    while (stream.returned.length < frames) await signalling.next('statistics');
  };
  await until(ONE_ROUND);
  const asked = stream.returned.length;
  signalling.send({
    type: 'change',
    wearers: [{ identity: 'mask:gold', like: astronaut }, { identity: null }],
  });
  await signalling.next('changed');
  const changed = stream.returned.length;
  await until(changed + 30);
  pacing.stop();
  await stream.close();

  const seen = seenIn(stream.returned);
  const before = seen.filter(({ frame }) => frame < asked).map(({ worn }) => worn);
  const after = seen.filter(({ frame }) => frame >= changed).map(({ worn }) => worn);
  // Until both are recognised everybody is hidden.
  const known = before.slice(before.findIndex(({ hopper, astronaut }) => hopper === 'gold' && astronaut === 'android'));
  expect(known.length).toBeGreaterThan(40);
  expect(count(known, { hopper: 'gold', astronaut: 'android' })).toBeGreaterThan(0.9 * known.length);
  expect(count(before, { hopper: 'android' }) + count(before, { astronaut: 'gold' })).toBe(0);
  // Frames that were on their way show the parts before; and whose face is more like the astronaut's is not known at once.
  const settled = after.slice(after.findIndex(({ astronaut }) => astronaut === 'gold'));
  expect(count(settled, { astronaut: 'gold', hopper: 'hidden' })).toBeGreaterThanOrEqual(5);
  expect(count(settled, { hopper: 'gold' }) + count(settled, { astronaut: 'android' })).toBe(0);
}, 120_000);
