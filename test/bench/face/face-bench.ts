import { WorkPicture } from '../../../src/codec/work-picture.ts';
import { FaceTracker } from '../../../src/face/tracker.ts';
import type { I420 } from '../../../src/media/plane.ts';
import { ModelStore } from '../../../src/onnx/model-store.ts';
import type { PreparedIdentity } from '../../../src/swap/swap.ts';
import { monotonic } from '../../../src/time.ts';
import { sceneOf, usualBitrate, type ScriptName } from '../../media/clip.ts';
import { LocalSwap } from '../local-swap.ts';
import { quantile, round } from '../quantile.ts';
import { jitter, lag, landmarkError, type TrackedBesideTruth } from './accuracy.ts';
import { identityCosines, type IdentityCosine } from './cosine.ts';
import { PlainVp8 } from './plain-vp8.ts';

/** The JSON of `bench face`. Times in milliseconds, distances in pixels. */
export interface FaceFigures {
  readonly trackedFrameMs: { readonly p50: number; readonly p99: number };
  readonly modelsColdMs: number;
  readonly encodeFrameMs: { readonly p50: number };
  readonly landmarkErrorPx: { readonly astronaut: number; readonly grace_hopper: number };
  readonly jitterPx: { readonly p50: number };
  readonly lagFrames: number;
  readonly lostFrames: number;
  readonly frames: number;
  readonly identityCosine?: IdentityCosine;
}

const SIZE = { width: 640, height: 480 } as const;
/** Frames that run before anything is timed, so that the machine code is hot. */
const WARM_UP = 90;

interface Frame {
  readonly time: number;
  readonly picture: I420;
  readonly truth: Float32Array;
}

/**
 * The face engine alone, in this thread, frame after frame without a pause: a tracked frame is crop, mesh, smoothing, exposure
 * decision, swap, composite and label in place; the same picture is then encoded as plain VP8 and timed apart. There the face is
 * at least 250 px wide in 640×480. Jitter and lag are taken on the usual clip, whose face is 45 % of the height (some
 * 200 px wide), since both grow with the face; lost frames are those of both clips.
 */
export async function benchFace(): Promise<FaceFigures> {
  const begun = monotonic.now();
  const local = await LocalSwap.open(new ModelStore({ cacheFolder: null }));
  const modelsColdMs = monotonic.now() - begun;

  const close = drawFrames('talk-close');
  const usual = drawFrames('talk');
  const identity = await local.identity('astronaut');
  const runner = new Runner(local);
  await runner.run(identity, close.slice(0, WARM_UP));
  const timed = await runner.run(identity, close);
  const compared = await runner.run(identity, usual);
  const figures: FaceFigures = {
    trackedFrameMs: { p50: round(quantile(timed.tracked, 0.5)), p99: round(quantile(timed.tracked, 0.99)) },
    modelsColdMs: round(modelsColdMs, 0),
    encodeFrameMs: { p50: round(quantile(timed.encoded, 0.5)) },
    landmarkErrorPx: {
      astronaut: round(await landmarkError(local.models, 'astronaut'), 3),
      grace_hopper: round(await landmarkError(local.models, 'hopper'), 3),
    },
    jitterPx: { p50: round(jitter(compared.beside), 3) },
    lagFrames: round(lag(compared.beside)),
    lostFrames: [...timed.beside, ...compared.beside].filter(({ tracked }) => !tracked).length,
    frames: close.length + usual.length,
  };
  const [trackedCpu, encodedCpu] = [quantile(timed.cpu.tracked, 0.5), quantile(timed.cpu.encoded, 0.5)];
  console.error(`of the processor: tracked ${round(trackedCpu)} ms, encoded ${round(encodedCpu)} ms p50`);
  const identityCosine = await identityCosines(local, close);
  await local.close();
  return identityCosine ? { ...figures, identityCosine } : figures;
}

function drawFrames(script: ScriptName): Frame[] {
  const frames: Frame[] = [];
  for (const { time, picture, faces } of sceneOf({ script, ...SIZE })) {
    const { y, u, v } = picture;
    frames.push({
      time,
      picture: { ...picture, y: y.slice(), u: u.slice(), v: v.slice() },
      truth: faces[0]!.landmarks,
    });
  }
  return frames;
}

/** Times of a run, ms a frame: by the clock, and of the processor, which neighbours on the machine stretch less. */
interface Run {
  readonly tracked: readonly number[];
  readonly encoded: readonly number[];
  readonly beside: readonly TrackedBesideTruth[];
  readonly cpu: { readonly tracked: readonly number[]; readonly encoded: readonly number[] };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

class Runner {
  readonly #local: LocalSwap;
  readonly #work = new WorkPicture();
  /** Landmarks of the frame that went through last. */
  #landmarks: Float32Array | undefined;

  constructor(local: LocalSwap) {
    this.#local = local;
  }

  /** A fresh session through `frames`. */
  async run(identity: PreparedIdentity, frames: readonly Frame[]): Promise<Run> {
    const pass = this.#local.pass(identity, { tracker: this.#tracker() });
    const encoder = new PlainVp8(SIZE, usualBitrate(SIZE.width, SIZE.height));
    const tracked: number[] = [];
    const encoded: number[] = [];
    const beside: TrackedBesideTruth[] = [];
    const cpu = { tracked: [] as number[], encoded: [] as number[] };
    for (const { time, picture, truth } of frames) {
      this.#work.load(picture);
      const [begun, begunCpu] = [monotonic.now(), cpuMs()];
      await pass.run(this.#work.picture, { at: time * 1000 });
      const [swapped, swappedCpu] = [monotonic.now(), cpuMs()];
      encoder.encode(this.#work);
      encoded.push(monotonic.now() - swapped);
      cpu.encoded.push(cpuMs() - swappedCpu);
      cpu.tracked.push(swappedCpu - begunCpu);
      tracked.push(swapped - begun);
      beside.push({ time, tracked: this.#landmarks, truth });
    }
    encoder.close();
    return { tracked, encoded, beside, cpu };
  }

  /** A tracker that lets its landmarks be seen. */
  #tracker(): Pick<FaceTracker, 'track' | 'setMaximum'> {
    const tracker = new FaceTracker(this.#local.models, { maximum: 1 });
    return {
      setMaximum: (maximum) => tracker.setMaximum(maximum),
      track: async (picture, at) => {
        const faces = await tracker.track(picture, at);
        this.#landmarks = faces.tracked[0]?.landmarks.slice();
        return faces;
      },
    };
  }
}
