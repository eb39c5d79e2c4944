import type { Box, Square } from '../../media/plane.ts';
import type { ModelStore } from '../../onnx/model-store.ts';
import type { OnnxSession, Outputs } from '../../onnx/session.ts';
import { type Picture, PictureCropper } from '../picture.ts';
import { anchorCentres, FULL_RANGE_GRIDS, SHORT_RANGE_GRIDS } from './anchors.ts';
import { type Candidate, CANDIDATE_VALUES, suppress } from './suppress.ts';

/** A face as the detector sees it, in pixels of the picture. */
export interface Detection {
  /** From the eyebrows to the chin. */
  readonly box: Box;
  /** 0–1. */
  readonly score: number;
  /** Six points (x, y): the eyes (the one on the picture's left first), nose, mouth, the ears. */
  readonly points: Float32Array;
}

/** Detectors are trained on −1…1, with black beside a picture that is not square. */
const RANGE = { black: -1, white: 1, outside: 'black' } as const;

const KINDS = {
  shortRange: { grids: SHORT_RANGE_GRIDS, boxes: 'regressors', scores: 'classificators' },
  fullRange: { grids: FULL_RANGE_GRIDS, boxes: 'reshaped_regressor_face_4', scores: 'reshaped_classifier_face_4' },
} as const;

/**
 * BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047), short range for a face near the camera or full range for all faces
 * of a room. Input [1, n, n, 3] float32 RGB −1…1; outputs [1, anchors, 16] boxes and points, [1, anchors, 1] logits.
 */
export class FaceDetector {
  readonly #session: OnnxSession;
  readonly #cropper = new PictureCropper();
  readonly #kind: (typeof KINDS)[keyof typeof KINDS];
  readonly #anchors: Float32Array;
  readonly #size: number;

  private constructor(session: OnnxSession, kind: keyof typeof KINDS) {
    this.#session = session;
    this.#kind = KINDS[kind];
    this.#anchors = anchorCentres(this.#kind.grids);
    this.#size = session.inputShape[1]!;
  }

  static async open(store: ModelStore, kind: keyof typeof KINDS): Promise<FaceDetector> {
    return new FaceDetector(await store.open(kind), kind);
  }

  /**
   * Faces in a square of the picture, best first.
   * @param region upright; where it reaches beyond the picture it is black
   * @param threshold least score, 0–1
   */
  detect(picture: Picture, region: Square, threshold: number): Promise<Detection[]> {
    return this.#session.run(
      (input) => this.#cropper.crop(picture, region, this.#size, input, RANGE),
      (outputs) => suppress(this.#candidates(outputs, threshold)).map((found) => toPixels(found, region)),
    );
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  #candidates(outputs: Outputs, threshold: number): Candidate[] {
    const boxes = outputs[this.#kind.boxes]!;
    const logits = outputs[this.#kind.scores]!;
    const least = Math.log(threshold / (1 - threshold));
    const found: Candidate[] = [];
    for (let k = 0; k < logits.length; k++) {
      const logit = logits[k]!;
      if (logit < least) continue;
      const values = this.#decode(boxes, k);
      found.push({ score: 1 / (1 + Math.exp(-logit)), values });
    }
    return found;
  }

  /** The model gives centre, size and points in pixels of its input, relative to the anchor. */
  #decode(boxes: Float32Array, anchor: number): Float32Array {
    const from = anchor * CANDIDATE_VALUES;
    const values = new Float32Array(CANDIDATE_VALUES);
    const [ax, ay] = [this.#anchors[2 * anchor]!, this.#anchors[2 * anchor + 1]!];
    const x = boxes[from]! / this.#size + ax;
    const y = boxes[from + 1]! / this.#size + ay;
    const halfWidth = boxes[from + 2]! / this.#size / 2;
    const halfHeight = boxes[from + 3]! / this.#size / 2;
    values.set([x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight]);
    for (let k = 4; k < CANDIDATE_VALUES; k += 2) {
      values[k] = boxes[from + k]! / this.#size + ax;
      values[k + 1] = boxes[from + k + 1]! / this.#size + ay;
    }
    return values;
  }
}

/** The smallest upright square around a whole picture: what a detector is shown to find every face. */
export function wholePicture(picture: Picture): Square {
  const { width, height } = picture;
  return { cx: width / 2, cy: height / 2, size: Math.max(width, height), rotation: 0 };
}

function toPixels(found: Candidate, region: Square): Detection {
  const { values } = found;
  const x = (unit: number): number => region.cx + (unit - 0.5) * region.size;
  const y = (unit: number): number => region.cy + (unit - 0.5) * region.size;
  return {
    score: found.score,
    box: {
      x: x(values[0]!),
      y: y(values[1]!),
      width: (values[2]! - values[0]!) * region.size,
      height: (values[3]! - values[1]!) * region.size,
    },
    points: values.subarray(4).map((unit, k) => (k % 2 === 0 ? x(unit) : y(unit))),
  };
}
