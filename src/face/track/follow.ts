import type { Box, Square } from '../../media/plane.ts';
import type { Milli } from '../../time.ts';
import { LANDMARKS, type TrackedFace } from '../face.ts';
import { LEAST_MESH, type SpottedFace } from '../find-faces.ts';
import { boxOfLandmarks, squareOfDetection, squareOfLandmarks, visibleFraction } from '../mesh/region.ts';
import type { FaceModels } from '../models.ts';
import type { Picture } from '../picture.ts';
import { headPose } from './pose.ts';
import { SideView } from './side-view.ts';
import { LandmarkSmoother } from './smoother.ts';

/** A face of which less than this is in the picture has left it. */
const LEAST_VISIBLE = 0.35;

/** One face followed from frame to frame: the mesh is fitted where its landmarks were last. */
export class FollowedFace {
  readonly id: number;
  /** Searches in a row that found no face here. */
  unconfirmed = 0;
  /** Whether the searches saw it from the side. */
  readonly side = new SideView();
  readonly #models: FaceModels;
  readonly #smoother = new LandmarkSmoother();
  readonly #raw = new Float32Array(LANDMARKS * 3);
  readonly #landmarks = new Float32Array(LANDMARKS * 3);
  #square: Square = { cx: 0, cy: 0, size: 1, rotation: 0 };
  #box: Box = { x: 0, y: 0, width: 0, height: 0 };
  #score = 0;

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

  /** Fits the mesh where a detector has found a face. True if there is one. */
  async begin(picture: Picture, detection: SpottedFace, at: Milli): Promise<boolean> {
    this.side.see(detection.spans);
    await this.#models.mesh.fit(picture, squareOfDetection(detection), this.#raw);
    this.#square = squareOfLandmarks(this.#raw);
    return this.follow(picture, at);
  }

  /** Fits the mesh to the next frame. True if the face is still there; else what was known of it stays. */
  async follow(picture: Picture, at: Milli): Promise<boolean> {
    const score = await this.#models.mesh.fit(picture, this.#square, this.#raw);
    if (!(score >= LEAST_MESH) || visibleFraction(boxOfLandmarks(this.#raw), picture) < LEAST_VISIBLE) {
      this.#smoother.reset();
      return false;
    }
    this.#score = score;
    this.#smoother.smooth(this.#raw, at, this.#landmarks);
    // From the steadied landmarks: a crop that trembles makes the next landmarks tremble.
    this.#square = squareOfLandmarks(this.#landmarks);
    this.#box = boxOfLandmarks(this.#landmarks);
    return true;
  }

  /** What the rest of the pipeline sees of it. */
  toTracked(): TrackedFace {
    return {
      id: this.id,
      landmarks: this.#landmarks,
      box: this.#box,
      pose: headPose(this.#landmarks, this.#models.geometry),
      score: this.#score,
      fromSide: this.side.fromSide,
    };
  }
}
