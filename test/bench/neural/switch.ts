import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recipeFaceSchema } from '../../../src/swap/neural/recipe.ts';
import { monotonic, type Milli } from '../../../src/time.ts';
import { networkFile } from '../../gpu/networks/networks.ts';
import { encodedClip, type Clip, type ClipSettings } from '../../media/clip.ts';
import { portraitFile } from '../../media/portrait.ts';
import { Random } from '../../media/random.ts';
import { EngineLanes } from '../../support/engine-lanes.ts';
import { NeuralPass } from '../../support/neural-pass.ts';
import { swapRecipe } from '../../support/swap-recipes.ts';
import { Signalling, uploadPhoto } from '../client/signalling.ts';
import { paceStreams, Stream } from '../client/stream.ts';
import { GatewayProcess } from '../gateway/gateway-process.ts';
import { brokerReady } from '../gpu/streams/gpu-gateway.ts';
import { referenceOf, type ReferenceFrame } from '../judge/reference.ts';
import { judge, ReturnedPictures } from '../judge/verdict.ts';
import { LocalSwap } from '../local-swap.ts';

const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480 };
const NAMES = ['astronaut', 'hopper'] as const;
/** Frames that come back swapped before the first switch: trackers settle and estimates rise. */
const WARM_FRAMES = 90;
const SWITCHES = 8;
/** From a switch to the next, and by how much more, so that they meet frames at any phase. */
const PERIOD: Milli = 1500;
const SPREAD: Milli = 33;
/** Share of the identity, as a swap on this machine made it, from which it is shown. */
const SHOWN = 0.5;
/** What is lost so long after a switch may be lost by it. */
const AFTER: Milli = 1000;
const RECIPE = recipeFaceSchema.parse({
  name: 'photo',
  size: 128,
  template: 'arcface_128',
  source: { kind: 'image', size: 128, template: 'arcface_128' },
});

/** A change of identity that was asked for. */
interface Asked {
  readonly at: Milli;
  readonly to: (typeof NAMES)[number];
}

/** Identity switches of one live session. */
export interface SwitchFigures {
  /** From asking to the first frame that shows the new identity; Infinity where none came before the next switch. */
  readonly durations: readonly Milli[];
  /** Frames sent that never came back: within a second of a switch, and at any other time. */
  readonly lostAfter: number;
  readonly sentAfter: number;
  readonly lostElsewhere: number;
  readonly sentElsewhere: number;
}

/** One call of 640×480 through gateway, broker and GPU worker (on the processor), between two photos. */
export async function measureSwitches(): Promise<SwitchFigures> {
  const clip = await encodedClip(CLIP, 'vp8');
  const { stream, asked } = await call(clip);
  const first = asked[0]!.at;
  const sent = stream.sent.filter((frame) => frame.sent >= first);
  const follows = (at: Milli): boolean => asked.some((one) => at >= one.at && at < one.at + AFTER);
  const after = sent.filter((frame) => follows(frame.sent));
  const lost = (frames: typeof sent): number => frames.filter(({ back }) => back === undefined).length;
  return {
    durations: await durationsOf(clip, stream, asked),
    lostAfter: lost(after),
    sentAfter: after.length,
    lostElsewhere: lost(sent) - lost(after),
    sentElsewhere: sent.length - after.length,
  };
}

async function call(clip: Clip): Promise<{ readonly stream: Stream; readonly asked: readonly Asked[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'guise-switch-'));
  const file = join(folder, 'guise.json');
  const recipes = [{ ...RECIPE, file: networkFile('tiny-photo') }];
  writeFileSync(file, JSON.stringify({ gpu: { provider: 'cpu', workersPerGpu: 1, recipes } }));
  const gateway = await GatewayProcess.start({ GUISE_CONFIG: file });
  try {
    await brokerReady(gateway.url);
    return await talk(gateway.url, clip);
  } finally {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  }
}

async function talk(url: string, clip: Clip): ReturnType<typeof call> {
  const upload = (name: (typeof NAMES)[number]): Promise<string> => uploadPhoto(url, readFileSync(portraitFile(name)));
  const ids = { astronaut: await upload('astronaut'), hopper: await upload('hopper') };
  const signalling = await Signalling.open(url, { identity: ids.astronaut, swap: RECIPE.name });
  const random = new Random(3);
  const stream = new Stream(clip, signalling, random);
  await stream.connect();
  const pacing = paceStreams([{ sendFrame: () => stream.sendFrame(), phase: 0, frameRate: clip.frameRate }]);
  for (let seen = 0; seen < WARM_FRAMES;) {
    const { figures } = await signalling.next('statistics');
    seen += figures.swapped;
  }
  const asked: Asked[] = [];
  for (let k = 0; k < SWITCHES; k++) {
    const to = NAMES[(k + 1) % 2]!;
    asked.push({ at: monotonic.now(), to });
    signalling.send({ type: 'change', identity: ids[to] });
    await new Promise((resolve) => setTimeout(resolve, PERIOD + random.between(0, SPREAD)));
  }
  pacing.stop();
  // What is on its way may still come.
  await new Promise((resolve) => setTimeout(resolve, AFTER));
  await stream.close();
  return { stream, asked };
}

async function durationsOf(clip: Clip, stream: Stream, asked: readonly Asked[]): Promise<Milli[]> {
  const references = { astronaut: await referenceFor('astronaut', clip), hopper: await referenceFor('hopper', clip) };
  const pictures = new ReturnedPictures(clip.codec);
  const durations = asked.map(() => Infinity);
  for (const { data, keyframe, input, back } of stream.returned) {
    const picture = pictures.next(data, keyframe);
    const current = asked.findLastIndex(({ at }) => at <= back);
    if (picture === undefined || input === undefined || current < 0 || durations[current] !== Infinity) continue;
    const { at, to } = asked[current]!;
    // The caller of the clip is one of the two, so it is no matter whether a face of its own is exposed.
    if (judge(picture, references[to][input.clipIndex]!).identityShare >= SHOWN) durations[current] = back - at;
  }
  pictures.close();
  return durations;
}

/** The clip with this identity, by the network, engine and mask of the gateway. */
async function referenceFor(name: (typeof NAMES)[number], clip: Clip): Promise<ReferenceFrame[]> {
  const local = await LocalSwap.open();
  const identity = await local.identity(name, [RECIPE]);
  const lanes = await EngineLanes.open(swapRecipe('tiny-photo', { source: { kind: 'image', size: 128 } }));
  const pass = await NeuralPass.open(local.pass(identity), RECIPE, lanes);
  const reference = await referenceOf(clip, CLIP, { pass });
  lanes.close();
  await local.close();
  return reference;
}
