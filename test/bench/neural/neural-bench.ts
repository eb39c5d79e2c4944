import type { ClipSettings } from '../../media/clip.ts';
import { quantile, round } from '../quantile.ts';
import { measureBatches, measureKnown } from './batches.ts';
import { measureFaceTimes } from './cpu-per-face.ts';
import { measureChain } from './exactness.ts';
import { measureSwitches } from './switch.ts';

const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480 };
/** Of the clip's 300; with the fast part. */
const EVERY = 15;

/** The JSON of `bench neural`: the swap by a network on the processor, with generated networks whose output is known. */
export interface NeuralFigures {
  /** A network that changes nothing, inside the mask against float64 with an 8-bit crop and paste, dB. */
  readonly identityPsnrDb: number;
  /** With the same network, most that a face of any frame lies beside the caller's, pixels of luma. */
  readonly shiftPx: number;
  /** A network of one grey: largest standard deviation of a plane in the mask's core, of 255. */
  readonly greyStdDev: number;
  /** With both, every sample outside the boxes of face and mark has its bits. */
  readonly outsideExact: boolean;
  /** Largest difference between a crop in a batch of 2 to 8 and alone, of 255. */
  readonly batchMaxDiff: number;
  /** Cutting, laying back with the mask, light and blending of one face at 128 in 640×480, by the clock, one thread. */
  readonly cpuPerFaceMs: { readonly p50: number };
  /** From asking for another identity in a live call to the first frame that shows it; median of eight. */
  readonly switchMs: number;
}

/** All of it on the provider `cpu`. What there is more to say goes to stderr. */
export async function benchNeural(): Promise<NeuralFigures> {
  const frames = Array.from({ length: 300 / EVERY }, (_, k) => k * EVERY);
  const identity = await measureChain({ network: 'tiny-identity', clip: CLIP, frames });
  const fine = await measureChain({ network: 'tiny-identity-512', size: 512, clip: CLIP, frames: frames.slice(0, 5) });
  const grey = await measureChain({ network: 'tiny-grey', clip: CLIP, frames });
  const batches = await measureBatches();
  const times = await measureFaceTimes();
  remark({ identity, 'identity, crops of 512': fine, grey, batches, knownMaxDiff: await measureKnown() });
  remark(Object.fromEntries(Object.entries(times).map(([part, each]) => [part, spread(each as readonly number[])])));
  const { durations, ...switches } = await measureSwitches();
  remark({ ...switches, durations: durations.map((duration) => round(duration, 1)) });
  return {
    identityPsnrDb: round(identity.psnrDb),
    shiftPx: round(Math.max(identity.shiftPx, fine.shiftPx), 3),
    greyStdDev: round(grey.coreDeviation, 3),
    outsideExact: identity.outsideExact && fine.outsideExact && grey.outsideExact,
    batchMaxDiff: Math.max(...Object.values(batches)),
    cpuPerFaceMs: { p50: round(quantile(times.whole, 0.5)) },
    switchMs: round(quantile(durations, 0.5), 1),
  };
}

function spread(times: readonly number[]): Readonly<Record<'p10' | 'p50' | 'p90', number>> {
  const at = (share: number): number => round(quantile(times, share), 3);
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}

function remark(figures: object): void {
  console.error(JSON.stringify(figures));
}
