import type { Milli } from '../../../time.ts';

/** Groups that the line is laid through. */
const WINDOW = 20;
/** Weight of the past in the smoothed delay. */
const SMOOTHING = 0.9;

interface Point {
  readonly arrivedAt: Milli;
  readonly delay: Milli;
}

/**
 * How the delay of the way grows: the slope of a line (least squares) through the smoothed accumulated delay of the last
 * 20 groups, ms per ms. 0 while a queue stands, positive while it grows: 0.1 is 10 % more sent than the way carries.
 */
export class Trendline {
  readonly #points: Point[] = [];
  #accumulated: Milli = 0;
  #smoothed: Milli = 0;
  #slope = 0;

  /** Of the window; 0 until it is full. */
  get slope(): number {
    return this.#slope;
  }

  /** One group more: it came `delta` later after its predecessor than it was sent after it. */
  push(delta: Milli, arrivedAt: Milli): number {
    this.#accumulated += delta;
    this.#smoothed = SMOOTHING * this.#smoothed + (1 - SMOOTHING) * this.#accumulated;
    this.#points.push({ arrivedAt, delay: this.#smoothed });
    if (this.#points.length > WINDOW) this.#points.shift();
    if (this.#points.length === WINDOW) this.#slope = fitSlope(this.#points) ?? this.#slope;
    return this.#slope;
  }
}

/** `undefined` if all points lie on one instant. */
function fitSlope(points: readonly Point[]): number | undefined {
  const count = points.length;
  const meanTime = points.reduce((sum, { arrivedAt }) => sum + arrivedAt, 0) / count;
  const meanDelay = points.reduce((sum, { delay }) => sum + delay, 0) / count;
  let [numerator, denominator] = [0, 0];
  for (const { arrivedAt, delay } of points) {
    numerator += (arrivedAt - meanTime) * (delay - meanDelay);
    denominator += (arrivedAt - meanTime) ** 2;
  }
  return denominator === 0 ? undefined : numerator / denominator;
}
