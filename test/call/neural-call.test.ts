/** A whole call through a swap network: gateway, broker, GPU worker (on the processor), and what follows when the broker dies. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, onTestFailed, test, vi } from 'vitest';
import { PATIENCE } from '../support/patience.ts';
import { configSchema } from '../../src/config/config.ts';
import { assert } from '../../src/errors.ts';
import { openGateway, type Gateway } from '../../src/gateway.ts';
import { createLog } from '../../src/log.ts';
import { recipeFaceSchema } from '../../src/swap/neural/recipe.ts';
import { monotonic } from '../../src/time.ts';
import { Refused, Signalling, uploadPhoto } from '../bench/client/signalling.ts';
import { paceStreams, Stream } from '../bench/client/stream.ts';
import { treeOf } from '../bench/gateway/proc.ts';
import { referenceOf, type ReferenceFrame } from '../bench/judge/reference.ts';
import { judge, ReturnedPictures, type Verdict } from '../bench/judge/verdict.ts';
import { LocalSwap } from '../bench/local-swap.ts';
import { networkFile } from '../gpu/networks/networks.ts';
import { encodedClip, type ClipSettings } from '../media/clip.ts';
import { portraitFile } from '../media/portrait.ts';
import { Random } from '../media/random.ts';
import { NeuralPass } from '../support/neural-pass.ts';

process.env['GUISE_LOG'] = 'error';

const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480, frameRate: 10 };
/** Long enough for a loaded machine: what is asked here is what is shown, not when. */
const BUDGET = 500;
const RECIPE = recipeFaceSchema.parse({
  name: 'photo',
  size: 128,
  template: 'arcface_128',
  source: { kind: 'image', size: 128, template: 'arcface_128' },
});

let gateway: Gateway;
let url: string;
beforeAll(async () => {
  const config = configSchema.parse({
    port: 0,
    media: { pixelThreads: 1 },
    gpu: { provider: 'cpu', workersPerGpu: 1, recipes: [{ ...RECIPE, file: networkFile('tiny-photo') }] },
  });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
  url = `http://127.0.0.1:${gateway.port}`;
});
afterAll(() => gateway.close());

/** The broker of the gateway in this process. */
function brokerPid(): number | undefined {
  return treeOf(process.pid).find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('worker/broker');
    } catch {
      return false; // it has just ended
    }
  });
}

async function referenceWith(clip: Awaited<ReturnType<typeof encodedClip>>): Promise<ReferenceFrame[]> {
  const local = await LocalSwap.open();
  const identity = await local.identity('astronaut', [RECIPE]);
  const reference = await referenceOf(clip, CLIP, { pass: await NeuralPass.open(local.pass(identity), RECIPE) });
  await local.close();
  return reference;
}

test('a call comes back swapped by the network, hidden while the broker is gone, and swapped again', async () => {
  const clip = await encodedClip(CLIP, 'vp8');
  const identity = await uploadPhoto(url, readFileSync(portraitFile('astronaut')));
  const signalling = await Signalling.open(url, { identity, swap: 'photo', budget: BUDGET });
  const stream = new Stream(clip, signalling, new Random(7));
  await stream.connect();
  const pacing = paceStreams([{ sendFrame: () => stream.sendFrame(), phase: 0, frameRate: clip.frameRate }]);
  const seconds: object[] = [];
  onTestFailed(() => console.error(seconds.map((figures) => JSON.stringify(figures)).join('\n')));
  /**
   * So many frames of one kind, by the figures from now on. A busy machine shows others between them, and for a while smaller ones:
   * those that are swapped only count at the clip's size, as there is nothing else to compare them with.
   */
  const until = async (kind: 'swapped' | 'hidden', count: number): Promise<void> => {
    for (let seen = 0; seen < count;) {
      const { figures } = await signalling.next('statistics');
      seconds.push(figures);
      if (kind === 'hidden' || figures.sentWidth === CLIP.width) seen += figures[kind];
    }
  };

  await until('swapped', 20);
  const killed = brokerPid();
  assert(killed !== undefined, 'the gateway has a broker');
  process.kill(killed, 'SIGKILL');
  await vi.waitUntil(() => ![undefined, killed].includes(brokerPid()), PATIENCE);
  const lost = stream.returned.length;
  await until('hidden', 1);
  await until('swapped', 20);
  pacing.stop();
  await stream.close();

  const reference = await referenceWith(clip);
  const pictures = new ReturnedPictures('vp8');
  const verdicts = stream.returned.map(({ data, keyframe, input }): Verdict | undefined => {
    const picture = pictures.next(data, keyframe);
    const frame = input === undefined ? undefined : reference[input.clipIndex];
    return picture && frame ? judge(picture, frame) : undefined;
  });
  pictures.close();
  expect(verdicts.filter((verdict) => verdict?.exposed === true)).toEqual([]);
  const swapped = (part: typeof verdicts): number => part.filter((verdict) => verdict?.swapped === true).length;
  // The reference was tracked at another pace, so not every swapped frame is recognised by it.
  expect(swapped(verdicts.slice(0, lost))).toBeGreaterThanOrEqual(3);
  expect(swapped(verdicts.slice(lost))).toBeGreaterThanOrEqual(3);
});

test('a swap that the gateway does not offer is refused, and those it offers are listed', async () => {
  const refused = Signalling.open(url, { swap: 'other' });
  await expect(refused).rejects.toThrow(Refused);
  await expect(refused).rejects.toMatchObject({ code: 'recipe_unknown' });
  const listed = (await (await fetch(`${url}/v1/identities`)).json()) as { swaps: string[] };
  expect(listed.swaps).toEqual(['mesh', 'photo']);
});
