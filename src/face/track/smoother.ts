import { LANDMARKS } from '../face.ts';
import type { Milli } from '../../time.ts';
import { FACE_VERTICES } from '../../onnx/geometry.ts';
import { OneEuro } from './one-euro.ts';

/** Place of the whole face: x and y in face sizes, size as a logarithm, rotation in radians. */
const PLACE = { restCutoff: 4, speedGain: 60, speedCutoff: 6 };
/** The face's shape: points in face sizes, in the face's own frame. */
const SHAPE = { restCutoff: 1.5, speedGain: 60, speedCutoff: 3 };

/** A gap longer than this has nothing to be smoothed with, milliseconds. */
const LONGEST_GAP = 500;

/**
 * Steadies landmarks. The face's place (position, size, tilt) is filtered apart from its shape: place is a mean over all
 * points and has little noise, so it is followed closely and does not lag; shape has the noise of single points, changes
 * slowly, and can be filtered more.
 */
export class LandmarkSmoother {
  readonly #place = new OneEuro(4, PLACE);
  readonly #shape = new OneEuro(LANDMARKS * 3, SHAPE);
  readonly #placeValues = new Float64Array(4);
  readonly #shapeValues = new Float64Array(LANDMARKS * 3);
  #last: Milli | undefined;
  #unit = 1;
  #rotation = 0;

  reset(): void {
    this.#last = undefined;
  }

  /** Writes the smoothed `landmarks` into `out`; both `LANDMARKS` × (x, y, z) in pixels. */
  smooth(landmarks: Float32Array, at: Milli, out: Float32Array): void {
    const gap = this.#last === undefined ? Infinity : at - this.#last;
    this.#last = at;
    const fresh = gap <= 0 || gap > LONGEST_GAP;
    const place = placeOf(landmarks);
    if (fresh) {
      this.#place.reset();
      this.#shape.reset();
      this.#unit = place.size;
      this.#rotation = place.rotation;
    }
    this.#filterPlace(place, fresh ? 1 : gap / 1000);
    this.#filterShape(landmarks, place, fresh ? 1 : gap / 1000);
    this.#compose(out);
  }

  #filterPlace(place: Place, seconds: number): void {
    const values = this.#placeValues;
    values[0] = place.cx / this.#unit;
    values[1] = place.cy / this.#unit;
    values[2] = Math.log(place.size);
    // The nearest way round: rotation must not jump by a turn.
    this.#rotation += wrap(place.rotation - this.#rotation);
    values[3] = this.#rotation;
    this.#place.filter(values, seconds);
  }

  #filterShape(landmarks: Float32Array, place: Place, seconds: number): void {
    const shape = this.#shapeValues;
    const cosine = Math.cos(place.rotation) / place.size;
    const sine = Math.sin(place.rotation) / place.size;
    for (let k = 0; k < shape.length; k += 3) {
      const x = landmarks[k]! - place.cx;
      const y = landmarks[k + 1]! - place.cy;
      shape[k] = cosine * x + sine * y;
      shape[k + 1] = cosine * y - sine * x;
      shape[k + 2] = landmarks[k + 2]! / place.size;
    }
    this.#shape.filter(shape, seconds);
  }

  #compose(out: Float32Array): void {
    const [x, y, logarithm, rotation] = this.#placeValues as unknown as [number, number, number, number];
    const size = Math.exp(logarithm);
    const cosine = Math.cos(rotation) * size;
    const sine = Math.sin(rotation) * size;
    const shape = this.#shapeValues;
    for (let k = 0; k < shape.length; k += 3) {
      out[k] = x * this.#unit + cosine * shape[k]! - sine * shape[k + 1]!;
      out[k + 1] = y * this.#unit + sine * shape[k]! + cosine * shape[k + 1]!;
      out[k + 2] = shape[k + 2]! * size;
    }
  }
}

interface Place {
  readonly cx: number;
  readonly cy: number;
  /** Root mean square distance of the points from their centre, pixels. */
  readonly size: number;
  readonly rotation: number;
}

/** Pairs of landmarks, left and right of the face: together they tell its tilt more steadily than the eyes alone. */
const TILT_PAIRS = [33, 263, 133, 362, 234, 454, 127, 356, 61, 291, 50, 280] as const;

function placeOf(landmarks: Float32Array): Place {
  let [cx, cy] = [0, 0];
  for (let k = 0; k < FACE_VERTICES * 3; k += 3) {
    cx += landmarks[k]!;
    cy += landmarks[k + 1]!;
  }
  cx /= FACE_VERTICES;
  cy /= FACE_VERTICES;
  let square = 0;
  for (let k = 0; k < FACE_VERTICES * 3; k += 3) {
    square += (landmarks[k]! - cx) ** 2 + (landmarks[k + 1]! - cy) ** 2;
  }
  let [dx, dy] = [0, 0];
  for (let k = 0; k < TILT_PAIRS.length; k += 2) {
    const [left, right] = [TILT_PAIRS[k]! * 3, TILT_PAIRS[k + 1]! * 3];
    dx += landmarks[right]! - landmarks[left]!;
    dy += landmarks[right + 1]! - landmarks[left + 1]!;
  }
  return { cx, cy, size: Math.sqrt(square / FACE_VERTICES), rotation: Math.atan2(dy, dx) };
}

function wrap(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
