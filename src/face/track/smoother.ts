import { FACE_VERTICES } from '../../onnx/geometry.ts';
import type { Milli } from '../../time.ts';
import { LANDMARKS } from '../face.ts';
import { identity, makeRotation, type Rotation, toVector, turnBetween, turnBy } from './rotation.ts';
import { SteadyFilter } from './steady-filter.ts';

/** Lengths are in face sizes, the root mean square distance of the points from their middle: a third of the face's width. */
const POSITION = { restGain: 0.25, noise: 0.04, speedGain: 0.11 };
/** As a logarithm. */
const SIZE = { restGain: 0.2, noise: 0.025, speedGain: 0 };
/** Radians. Turns start and stop fast, so their speed is followed closely. */
const TURN = { restGain: 0.38, noise: 0.035, speedGain: 0.45 };
/** Points of the face in its own frame. */
const SHAPE = { restGain: 0.1, noise: 0.025, speedGain: 0 };

/** A gap longer than this has nothing to be smoothed with, milliseconds. */
const LONGEST_GAP = 500;

const VALUES = LANDMARKS * 3;

/**
 * Steadies landmarks. What moves a face are two things of different kinds: the head, as a rigid body, and expression. The
 * head's place, size and rotation are a fit over all points, so they have little noise and are followed closely; the
 * points' places in the head's own frame have the noise of single points, mostly rest, and are filtered more.
 */
export class LandmarkSmoother {
  readonly #positionFilter = new SteadyFilter(3, 1, POSITION);
  readonly #sizeFilter = new SteadyFilter(1, 1, SIZE);
  readonly #turnFilter = new SteadyFilter(3, 1, TURN);
  readonly #shapeFilter = new SteadyFilter(VALUES, 3, SHAPE);
  readonly #position = new Float64Array(3);
  readonly #size = new Float64Array(1);
  readonly #turn = new Float64Array(3);
  readonly #shape = new Float64Array(VALUES);
  /** Rotation of the smoothed head since the start. */
  #rotation: Rotation = identity();
  #unit = 1;
  #last: Milli | undefined;

  /** The next landmarks are taken as they are. */
  reset(): void {
    this.#last = undefined;
  }

  /** Writes the smoothed `landmarks` into `out`; both `LANDMARKS` × (x, y, z) in pixels. */
  smooth(landmarks: Float32Array, at: Milli, out: Float32Array): void {
    const gap = this.#last === undefined ? Infinity : at - this.#last;
    this.#last = at;
    if (gap > 0 && gap <= LONGEST_GAP) this.#follow(landmarks, gap / 1000);
    else this.#restart(landmarks);
    this.#compose(out);
  }

  #restart(landmarks: Float32Array): void {
    const middle = middleOf(landmarks);
    this.#unit = Math.sqrt(spreadOf(landmarks, middle));
    for (let k = 0; k < VALUES; k++) this.#shape[k] = (landmarks[k]! - middle[k % 3]!) / this.#unit;
    for (let c = 0; c < 3; c++) this.#position[c] = middle[c]! / this.#unit;
    this.#size[0] = 0;
    this.#turn.fill(0);
    this.#rotation = identity();
    this.#positionFilter.restart(this.#position);
    this.#sizeFilter.restart(this.#size);
    this.#turnFilter.restart(this.#turn);
    this.#shapeFilter.restart(this.#shape);
  }

  #follow(landmarks: Float32Array, seconds: number): void {
    const middle = middleOf(landmarks);
    const ownMiddle = middleOf(this.#shape);
    const rotation = correlate(landmarks, middle, this.#shape, ownMiddle);
    const raw = Float64Array.from(rotation);
    makeRotation(rotation);
    let along = 0;
    for (let k = 0; k < 9; k++) along += rotation[k]! * raw[k]!;
    const scale = along / (spreadOf(this.#shape, ownMiddle) * FACE_VERTICES);

    for (let c = 0; c < 3; c++) {
      const turned = turnRow(rotation, 3 * c, ownMiddle, 0) * scale;
      this.#position[c] = (middle[c]! - turned) / this.#unit;
    }
    // Into the head's own frame: back by where the raw head is, not by where the smoothed one is.
    for (let k = 0; k < VALUES; k += 3) {
      const x = landmarks[k]! - this.#position[0]! * this.#unit;
      const y = landmarks[k + 1]! - this.#position[1]! * this.#unit;
      const z = landmarks[k + 2]! - this.#position[2]! * this.#unit;
      for (let c = 0; c < 3; c++) {
        this.#shape[k + c] = (rotation[c]! * x + rotation[c + 3]! * y + rotation[c + 6]! * z) / scale;
      }
    }
    this.#size[0] = Math.log(scale / this.#unit);
    toVector(turnBetween(rotation, this.#rotation), this.#turn);
    this.#turnFilter.recentre();
    this.#positionFilter.filter(this.#position, seconds);
    this.#sizeFilter.filter(this.#size, seconds);
    this.#turnFilter.filter(this.#turn, seconds);
    this.#shapeFilter.filter(this.#shape, seconds);
    this.#rotation = turnBy(this.#turn, this.#rotation);
  }

  #compose(out: Float32Array): void {
    const scale = Math.exp(this.#size[0]!) * this.#unit;
    for (let k = 0; k < VALUES; k += 3) {
      for (let c = 0; c < 3; c++) {
        out[k + c] = this.#position[c]! * this.#unit + scale * turnRow(this.#rotation, 3 * c, this.#shape, k);
      }
    }
  }
}

/** One coordinate of a turned point. */
function turnRow(rotation: Rotation, row: number, points: Float64Array, at: number): number {
  return rotation[row]! * points[at]! + rotation[row + 1]! * points[at + 1]! + rotation[row + 2]! * points[at + 2]!;
}

type Points = Float32Array | Float64Array;

/** Mean of the face's points, without the irises. */
function middleOf(points: Points): Float64Array {
  const middle = new Float64Array(3);
  for (let k = 0; k < FACE_VERTICES * 3; k += 3) {
    for (let c = 0; c < 3; c++) middle[c]! += points[k + c]! / FACE_VERTICES;
  }
  return middle;
}

/** Mean square distance of the face's points from their middle. */
function spreadOf(points: Points, middle: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < FACE_VERTICES * 3; k += 3) {
    for (let c = 0; c < 3; c++) sum += (points[k + c]! - middle[c]!) ** 2;
  }
  return sum / FACE_VERTICES;
}

/** Σ (a − mean) (b − mean)ᵀ, row by row. */
function correlate(a: Points, aMiddle: Float64Array, b: Points, bMiddle: Float64Array): Float64Array {
  const sums = new Float64Array(9);
  for (let k = 0; k < FACE_VERTICES * 3; k += 3) {
    for (let row = 0; row < 3; row++) {
      const left = a[k + row]! - aMiddle[row]!;
      for (let column = 0; column < 3; column++) {
        sums[3 * row + column]! += left * (b[k + column]! - bMiddle[column]!);
      }
    }
  }
  return sums;
}
