import type { Faces, HeadPose, SeenFace, TrackedFace } from '../../src/face/face.ts';
import type { Box } from '../../src/media/plane.ts';
import { Exposure, type Circumstances, type Decision } from '../../src/session/exposure/exposure.ts';
import { lies } from '../../src/session/exposure/head.ts';
import type { ExposurePolicy } from '../../src/session/settings.ts';

/** Milliseconds from frame to frame. */
export const PERIOD = 1000 / 30;
const FRAME = { width: 1280, height: 720 };
const landmarks = new Float32Array(478 * 3);
/** A square box around a point. */
export const box = (cx: number, cy: number, size: number): Box => ({
  x: cx - size / 2,
  y: cy - size / 2,
  width: size,
  height: size,
});
export const tracked = (id: number, at: Box, pose: Partial<HeadPose> = {}): TrackedFace => ({
  id,
  landmarks,
  box: at,
  pose: { yaw: 0, pitch: 0, roll: 0, ...pose },
  score: 1,
});
export const seen = (at: Box): SeenFace => ({ box: at, score: 0.8 });
export const faces = (t: readonly TrackedFace[], s: readonly SeenFace[] = [], searched = true): Faces => ({
  tracked: t,
  seen: s,
  events: [],
  searched,
});

/** Plays frames to an Exposure at 30 a second. */
export class Play {
  now = 1000;
  readonly exposure: Exposure;
  readonly #at: Partial<Circumstances>;
  constructor(policy: ExposurePolicy, at: Partial<Circumstances> = {}) {
    this.exposure = new Exposure({ policy, budget: 66 });
    this.#at = at;
  }
  frame(found: Faces, at: Partial<Circumstances> = {}): Decision {
    this.now += PERIOD;
    return this.exposure.decide(found, { ...FRAME, now: this.now, wearing: true, opacity: 1, ...this.#at, ...at });
  }
  run(milliseconds: number, found: Faces): Decision {
    let last = this.frame(found);
    for (let t = PERIOD; t < milliseconds; t += PERIOD) last = this.frame(found);
    return last;
  }
}

/** True if all corners of a face's box are hidden. */
export const hides = (decision: Decision, face: Box) =>
  decision.hideAll ||
  decision.hide.some((e) =>
    [
      [face.x, face.y],
      [face.x + face.width, face.y],
      [face.x, face.y + face.height],
      [face.x + face.width, face.y + face.height],
    ].every(([x, y]) => lies(x!, y!, e)),
  );
/** True if nothing is hidden. */
export const showsAll = (decision: Decision) => !decision.hideAll && decision.hide.length === 0;
