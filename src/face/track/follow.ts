import type { Box, Square } from '../../media/plane.ts';
import type { Milli } from '../../time.ts';
import { type HeadPose, LANDMARKS, type TrackedFace } from '../face.ts';
import { LEAST_MESH, type SpottedFace } from '../find-faces.ts';
import { boxOfLandmarks, squareOfDetection, squareOfLandmarks, visibleFraction } from '../mesh/region.ts';
import type { FaceModels } from '../models.ts';
import type { Picture } from '../picture.ts';
import { agrees } from './agreement.ts';
import { headPose } from './pose.ts';
import { SideView } from './side-view.ts';
import { LandmarkSmoother } from './smoother.ts';
import { Stillness } from './stillness.ts';

/** A face of which less than this is in the picture has left it. */
const LEAST_VISIBLE = 0.35;
/** Degrees of yaw from which on the detector is asked on every frame: the mesh may be about to lose its hold. */
const TURNING = 22;

/** From this move of a face between two frames on, as a share of the mesh's square, the mesh is fitted again where it went. */
const FAR_MOVE = 0.06;
const MOST_REFITS = 3;

/** One face followed from frame to frame: the mesh is fitted where its landmarks were last. */
export class FollowedFace {
  readonly id: number;
  /** Searches in a row that found no face here. */
  unconfirmed = 0;
  /** Whether the searches saw it from the side. */
  readonly side = new SideView();
  readonly #models: FaceModels;
  readonly #smoother = new LandmarkSmoother();
  readonly #stillness = new Stillness();
  readonly #raw = new Float32Array(LANDMARKS * 3);
  readonly #landmarks = new Float32Array(LANDMARKS * 3);
  #square: Square = { cx: 0, cy: 0, size: 1, rotation: 0 };
  #box: Box = { x: 0, y: 0, width: 0, height: 0 };
  #score = 0;
  #pose: HeadPose = { yaw: 0, pitch: 0, roll: 0 };
  #still: Milli = 0;

  constructor(id: number, models: FaceModels) {
    this.id = id;
    this.#models = models;
  }

  /** Where it was last believed to be. */
  get box(): Box {
    return this.#box;
  }

  /** The part of the picture that the mesh looks at next. */
  get square(): Square {
    return this.#square;
  }

  /** For how long it has not moved at all. */
  get still(): Milli {
    return this.#still;
  }

  /** True if the next frame should be searched, because mesh and pose alone are not to be trusted. */
  get isTurning(): boolean {
    return this.side.fromSide || Math.abs(this.#pose.yaw) > TURNING;
  }

  /**
   * Fits the mesh where a detector has found a face. True if there is one, seen from the front, and the mesh lies on it:
   * only then it may be followed.
   */
  async begin(picture: Picture, detection: SpottedFace, at: Milli): Promise<boolean> {
    this.unconfirmed = 0;
    this.side.see(detection.spans);
    const found = await this.#refit(picture, detection, at);
    return found && !this.side.fromSide && agrees(this.#raw, detection);
  }

  /**
   * Takes what a search has found here. If the mesh lies beside it, it is fitted anew; if it still does then, it is
   * distrusted. True if the face is still there.
   */
  async confirm(picture: Picture, detection: SpottedFace, at: Milli): Promise<boolean> {
    this.unconfirmed = 0;
    this.side.see(detection.spans);
    if (agrees(this.#raw, detection)) return true;
    if (!this.side.fromSide && !(await this.#refit(picture, detection, at))) return false;
    if (!agrees(this.#raw, detection)) this.side.distrust();
    return true;
  }

  /** Fits the mesh to the next frame. True if the face is still there; else what was known of it stays. */
  async follow(picture: Picture, at: Milli): Promise<boolean> {
    let score = await this.#models.mesh.fit(picture, this.#square, this.#raw);
    // After dropped frames the face may lie at the rim of the old square, where the mesh only half follows it.
    for (let round = 0; round < MOST_REFITS && movedFrom(this.#square, this.#raw) > FAR_MOVE; round++) {
      this.#square = squareOfLandmarks(this.#raw);
      this.#smoother.reset();
      score = await this.#models.mesh.fit(picture, this.#square, this.#raw);
    }
    if (!(score >= LEAST_MESH) || visibleFraction(boxOfLandmarks(this.#raw), picture) < LEAST_VISIBLE) {
      this.#smoother.reset();
      return false;
    }
    this.#score = score;
    this.#smoother.smooth(this.#raw, at, this.#landmarks);
    // From the steadied landmarks: a crop that trembles makes the next landmarks tremble.
    this.#square = squareOfLandmarks(this.#landmarks);
    this.#box = boxOfLandmarks(this.#landmarks);
    this.#pose = headPose(this.#landmarks, this.#models.geometry);
    this.#still = this.#stillness.update(this.#landmarks, Math.max(this.#box.width, this.#box.height), at);
    return true;
  }

  async #refit(picture: Picture, detection: SpottedFace, at: Milli): Promise<boolean> {
    await this.#models.mesh.fit(picture, squareOfDetection(detection), this.#raw);
    this.#square = squareOfLandmarks(this.#raw);
    return this.follow(picture, at);
  }

  /** What the rest of the pipeline sees of it. */
  toTracked(): TrackedFace {
    return {
      id: this.id,
      landmarks: this.#landmarks,
      box: this.#box,
      pose: this.#pose,
      score: this.#score,
      fromSide: this.side.fromSide,
    };
  }
}

/** How far the middle of a face lies from that of the square it was fitted in, in sides of the square. */
function movedFrom(square: Square, landmarks: Float32Array): number {
  const { cx, cy } = squareOfLandmarks(landmarks);
  return Math.hypot(cx - square.cx, cy - square.cy) / square.size;
}
