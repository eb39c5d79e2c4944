import { createEncoder } from '../../../src/codec/encoder.ts';
import { WorkPicture } from '../../../src/codec/work-picture.ts';
import { FaceTracker } from '../../../src/face/tracker.ts';
import type { I420 } from '../../../src/media/plane.ts';
import { ModelStore } from '../../../src/onnx/model-store.ts';
import type { FacePass } from '../../../src/session/pixel/face-pass.ts';
import { monotonic } from '../../../src/time.ts';
import { sceneOf, usualBitrate } from '../../media/clip.ts';
import { LocalSwap } from '../local-swap.ts';
import { quantile, round } from '../quantile.ts';
import { jitter, lag, landmarkError, type TrackedBesideTruth } from './accuracy.ts';
import { identityCosines, type IdentityCosine } from './cosine.ts';

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
 * decision, swap, composite and label in place; the same picture is then encoded as VP8 and timed apart. The face is at
 * least 250 px wide in 640×480.
 */
export async function benchFace(): Promise<FaceFigures> {
  const begun = monotonic.now();
  const local = await LocalSwap.open(new ModelStore({ cacheFolder: null }));
  const modelsColdMs = monotonic.now() - begun;

  const frames = drawFrames();
  const identity = await local.identity('astronaut');
  const runner = new Runner(local);
  await runner.run(local.pass(identity, { tracker: runner.tracker() }), frames.slice(0, WARM_UP));
  const run = await runner.run(local.pass(identity, { tracker: runner.tracker() }), frames);
  const figures: FaceFigures = {
    trackedFrameMs: { p50: round(quantile(run.tracked, 0.5)), p99: round(quantile(run.tracked, 0.99)) },
    modelsColdMs: round(modelsColdMs, 0),
    encodeFrameMs: { p50: round(quantile(run.encoded, 0.5)) },
    landmarkErrorPx: {
      astronaut: round(await landmarkError(local.models, 'astronaut'), 3),
      grace_hopper: round(await landmarkError(local.models, 'hopper'), 3),
    },
    jitterPx: { p50: round(jitter(run.beside), 3) },
    lagFrames: round(lag(run.beside)),
    lostFrames: run.beside.filter(({ tracked }) => !tracked).length,
    frames: frames.length,
  };
  const identityCosine = await identityCosines(local, frames);
  await local.close();
  return identityCosine ? { ...figures, identityCosine } : figures;
}

function drawFrames(): Frame[] {
  const frames: Frame[] = [];
  for (const { time, picture, faces } of sceneOf({ script: 'talk-close', ...SIZE })) {
    const { y, u, v } = picture;
    frames.push({
      time,
      picture: { ...picture, y: y.slice(), u: u.slice(), v: v.slice() },
      truth: faces[0]!.landmarks,
    });
  }
  return frames;
}

class Runner {
  readonly #local: LocalSwap;
  readonly #work = new WorkPicture();
  /** Landmarks of the frame that went through last. */
  #landmarks: Float32Array | undefined;

  constructor(local: LocalSwap) {
    this.#local = local;
  }

  /** A tracker that lets its landmarks be seen. */
  tracker(): Pick<FaceTracker, 'track' | 'setMaximum'> {
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

  async run(
    pass: FacePass,
    frames: readonly Frame[],
  ): Promise<{ tracked: number[]; encoded: number[]; beside: TrackedBesideTruth[] }> {
    const encoder = createEncoder('vp8', { bitrate: usualBitrate(SIZE.width, SIZE.height) });
    const tracked: number[] = [];
    const encoded: number[] = [];
    const beside: TrackedBesideTruth[] = [];
    for (const [index, { time, picture, truth }] of frames.entries()) {
      this.#work.load(picture);
      const begun = monotonic.now();
      await pass.run(this.#work.picture, { at: time * 1000 });
      const swapped = monotonic.now();
      encoder.encode(this.#work, { keyframe: index === 0, timestamp: index * 3000 });
      encoded.push(monotonic.now() - swapped);
      tracked.push(swapped - begun);
      beside.push({ time, tracked: this.#landmarks, truth });
    }
    encoder.close();
    return { tracked, encoded, beside };
  }
}
