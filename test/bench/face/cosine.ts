import { WorkPicture } from '../../../src/codec/work-picture.ts';
import { rgbToI420 } from '../../../src/media/colour.ts';
import type { I420 } from '../../../src/media/plane.ts';
import { cosine } from '../../../src/swap/neural/likeness.ts';
import { loadPortrait, referencePixels, type PortraitName } from '../../media/portrait.ts';
import type { LocalSwap } from '../local-swap.ts';
import { quantile, round } from '../quantile.ts';
import { Recogniser } from '../recogniser.ts';

/** Likeness of swapped faces, cosines: the worst of both portraits on each other and of the clip's median. */
export interface IdentityCosine {
  readonly toIdentity: number;
  readonly toCaller: number;
}

/** Of so many frames of the clip one is looked at. */
const LOOK_EVERY = 10;

interface Likeness {
  readonly toIdentity: number;
  readonly toCaller: number;
}

/** A frame of the clip and the true landmarks of the face in it. */
interface ClipFrame {
  readonly time: number;
  readonly picture: I420;
  readonly truth: Float32Array;
}

/** With the recogniser that GUISE_RECOGNISER names; undefined without one. `clip` shows the second portrait's face. */
export async function identityCosines(
  local: LocalSwap,
  clip: readonly ClipFrame[],
): Promise<IdentityCosine | undefined> {
  const recogniser = await Recogniser.fromEnvironment();
  if (!recogniser) return undefined;
  const known = {
    astronaut: await embedPortrait(recogniser, 'astronaut'),
    hopper: await embedPortrait(recogniser, 'hopper'),
  };
  const compare = async (picture: I420, landmarks: Float32Array, identity: PortraitName): Promise<Likeness> => {
    const swapped = await recogniser.embed(picture, landmarks);
    const caller = identity === 'astronaut' ? 'hopper' : 'astronaut';
    return { toIdentity: cosine(swapped, known[identity]), toCaller: cosine(swapped, known[caller]) };
  };

  const cases: Record<string, Likeness> = {};
  for (const identity of ['astronaut', 'hopper'] as const) {
    const caller = identity === 'astronaut' ? 'hopper' : 'astronaut';
    const picture = await swapStill(local, rgbToI420(referencePixels(caller)), identity);
    cases[`${identity} on ${caller}`] = await compare(picture, loadPortrait(caller).landmarks, identity);
  }
  const inClip = await swapClip(local, clip, (picture, truth) => compare(picture, truth, 'astronaut'));
  cases['astronaut on the clip'] = {
    toIdentity: quantile(
      inClip.map(({ toIdentity }) => toIdentity),
      0.5,
    ),
    toCaller: quantile(
      inClip.map(({ toCaller }) => toCaller),
      0.5,
    ),
  };
  await recogniser.close();
  for (const [name, { toIdentity, toCaller }] of Object.entries(cases)) {
    console.error(`${name}: ${round(toIdentity, 3)} to the identity, ${round(toCaller, 3)} to the caller`);
  }
  return {
    toIdentity: round(Math.min(...Object.values(cases).map(({ toIdentity }) => toIdentity)), 3),
    toCaller: round(Math.max(...Object.values(cases).map(({ toCaller }) => toCaller)), 3),
  };
}

async function embedPortrait(recogniser: Recogniser, name: PortraitName): Promise<Float32Array> {
  return await recogniser.embed(referencePixels(name), loadPortrait(name).landmarks);
}

/** The picture as a call would show it once the face is followed. */
async function swapStill(local: LocalSwap, picture: I420, identity: PortraitName): Promise<I420> {
  const pass = local.pass(await local.identity(identity));
  const work = new WorkPicture();
  for (let frame = 0; frame < 3; frame++) {
    work.load(picture);
    await pass.run(work.picture, { at: frame * 33 });
  }
  return work.picture;
}

async function swapClip<Result>(
  local: LocalSwap,
  clip: readonly ClipFrame[],
  look: (picture: I420, truth: Float32Array) => Promise<Result>,
): Promise<Result[]> {
  const pass = local.pass(await local.identity('astronaut'));
  const work = new WorkPicture();
  const results: Result[] = [];
  for (const [index, { time, picture, truth }] of clip.entries()) {
    work.load(picture);
    await pass.run(work.picture, { at: time * 1000 });
    if (index % LOOK_EVERY === LOOK_EVERY - 1) results.push(await look(work.picture, truth));
  }
  work.close();
  return results;
}
