import type { Milli } from '../../../time.ts';

/** The first sample is taken over so long, later ones over less. */
const FIRST_WINDOW: Milli = 500;
const WINDOW: Milli = 150;
/** How little a sample is trusted that is off the estimate, as deviation per relative error. */
const UNCERTAINTY = 10;
/** A drop while little is sent says less: nobody tried. */
const IDLE_UNCERTAINTY = 20;
/** Variance (kbit/s)² at the start, added with each sample, and when a change is expected. */
const START_VARIANCE = 50;
const GROWING_VARIANCE = 5;
const EXPECTED_VARIANCE = 200;

/** What really arrives, bits a second: samples over a window, weighed by Bayes as in libwebrtc's bitrate estimator. */
export class AcknowledgedRate {
  #estimate: number | undefined;
  #variance = START_VARIANCE;
  #windowBytes = 0;
  #window: Milli = 0;
  #arrivedAt: Milli | undefined;

  /** `undefined` until half a second of packets has been seen. */
  get rate(): number | undefined {
    return this.#estimate === undefined ? undefined : this.#estimate * 1000;
  }

  /** `size` bytes arrived at `arrivedAt` on the receiver's clock. @param idle whether little is sent at the moment */
  push(size: number, arrivedAt: Milli, idle: boolean): void {
    const sample = this.#sample(size, arrivedAt);
    if (sample === undefined) return;
    const estimate = this.#estimate;
    if (estimate === undefined) {
      this.#estimate = sample;
      return;
    }
    const scale = idle && sample < estimate ? IDLE_UNCERTAINTY : UNCERTAINTY;
    const sampleVariance = ((scale * Math.abs(estimate - sample)) / Math.max(1, estimate)) ** 2;
    const predicted = this.#variance + GROWING_VARIANCE;
    this.#estimate = (sampleVariance * estimate + predicted * sample) / (sampleVariance + predicted);
    this.#variance = (sampleVariance * predicted) / (sampleVariance + predicted);
  }

  /** Much more or less will arrive from now on: trust the next samples more. */
  expectChange(): void {
    this.#variance += EXPECTED_VARIANCE;
  }

  /** Starts anew after an interruption. */
  reset(): void {
    this.#estimate = undefined;
    this.#variance = START_VARIANCE;
    this.#window = this.#windowBytes = 0;
    this.#arrivedAt = undefined;
  }

  /** Kilobits a second of the window that ends before this packet, if one does. */
  #sample(size: number, arrivedAt: Milli): number | undefined {
    const window = this.#estimate === undefined ? FIRST_WINDOW : WINDOW;
    const passed = arrivedAt - (this.#arrivedAt ?? arrivedAt);
    let sample: number | undefined;
    if (passed < 0) {
      this.#window = this.#windowBytes = 0;
    } else {
      this.#window += passed;
      // Nothing came for a whole window: that time is not averaged, it is left out.
      if (passed > window) {
        this.#window %= window;
        this.#windowBytes = 0;
      }
    }
    this.#arrivedAt = arrivedAt;
    if (this.#window >= window) {
      sample = (8 * this.#windowBytes) / window;
      this.#window -= window;
      this.#windowBytes = 0;
    }
    this.#windowBytes += size;
    return sample;
  }
}
