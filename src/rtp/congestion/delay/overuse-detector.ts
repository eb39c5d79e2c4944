import type { Milli } from '../../../time.ts';

/** What the delay says of the way: a queue grows, drains, or neither. */
export type Usage = 'over' | 'under' | 'normal';

/** The slope is judged as if it had gone on for so many groups, times a gain: the scale on which the thresholds are. */
const GROUPS = 60;
const GAIN = 4;
/** Where the threshold begins and its bounds, on that scale. */
const THRESHOLD_START = 12.5;
const THRESHOLD_MINIMUM = 6;
const THRESHOLD_MAXIMUM = 600;
/** How fast the threshold follows a trend above and below it, per ms (§5.4). Faster down would starve beside TCP. */
const FOLLOW_UP = 0.0087;
const FOLLOW_DOWN = 0.039;
/** A trend farther above the threshold than this is a sudden queue, not what the way is usually like. */
const SPIKE = 15;
const FOLLOW_TIME_LIMIT: Milli = 100;
/** Over-use has to last so long. */
const OVER_TIME: Milli = 10;

/** Judges the trend of the delay by a threshold that adapts, draft-ietf-rmcat-gcc-02 §5.4 in libwebrtc's form. */
export class OveruseDetector {
  #usage: Usage = 'normal';
  #threshold = THRESHOLD_START;
  #adaptedAt: Milli | undefined;
  #groups = 0;
  #before = 0;
  /** How long the trend has been above the threshold, and for how many groups; `undefined` if it is not. */
  #above: { time: Milli; groups: number } | undefined;

  get usage(): Usage {
    return this.#usage;
  }

  /** Between −it and it, the trend is normal. */
  get threshold(): number {
    return this.#threshold;
  }

  /**
   * @param slope of the trendline, ms per ms
   * @param sent how much later than its predecessor the newest group was sent
   * @param arrivedAt when it arrived, on any clock
   */
  detect(slope: number, sent: Milli, arrivedAt: Milli): Usage {
    this.#groups = Math.min(this.#groups + 1, GROUPS);
    const trend = this.#groups < 2 ? 0 : this.#groups * slope * GAIN;
    if (trend > this.#threshold) this.#onAbove(slope, sent);
    else {
      this.#above = undefined;
      this.#usage = trend < -this.#threshold ? 'under' : 'normal';
    }
    this.#before = slope;
    this.#adapt(Math.abs(trend), arrivedAt);
    return this.#usage;
  }

  /** It is over-use once it has lasted and still grows; until then the verdict stays as it was. */
  #onAbove(slope: number, sent: Milli): void {
    const above = (this.#above ??= { time: -sent / 2, groups: 0 });
    above.time += sent;
    above.groups++;
    if (above.time <= OVER_TIME || above.groups < 2 || slope < this.#before) return;
    above.time = 0;
    above.groups = 0;
    this.#usage = 'over';
  }

  #adapt(trend: number, arrivedAt: Milli): void {
    const passed = Math.min(FOLLOW_TIME_LIMIT, arrivedAt - (this.#adaptedAt ?? arrivedAt));
    this.#adaptedAt = arrivedAt;
    if (trend > this.#threshold + SPIKE) return;
    const follow = trend < this.#threshold ? FOLLOW_DOWN : FOLLOW_UP;
    const threshold = this.#threshold + follow * (trend - this.#threshold) * Math.max(0, passed);
    this.#threshold = Math.min(THRESHOLD_MAXIMUM, Math.max(THRESHOLD_MINIMUM, threshold));
  }
}
