import { addTicks, ticksBetween, type Milli, type RtpTicks } from '../../time.ts';

/** If the source's clock and ours disagree by more than this on how much time passed, the source has jumped. */
const JUMP: Milli = 1000;

/**
 * Output timestamp = input timestamp + a constant. The constant changes only when the source or its clock jumps: then
 * the output goes on as time does, so that a receiver never sees the jump.
 */
export class TimestampMap {
  readonly #clockRate: number;
  #constant: number;
  #last: { readonly input: RtpTicks; readonly at: Milli } | undefined;

  /**
   * @param clockRate ticks a second
   * @param constant to begin with; RFC 3550 wants output timestamps to begin at random
   */
  constructor(clockRate: number, constant: number) {
    this.#clockRate = clockRate;
    this.#constant = constant;
  }

  /** The output timestamp of a chunk or packet with timestamp `input` that is handled at `now`. */
  map(input: RtpTicks, now: Milli): RtpTicks {
    if (this.#last) {
      const passed = ((now - this.#last.at) * this.#clockRate) / 1000;
      const ticks = ticksBetween(this.#last.input, input);
      if (Math.abs(ticks - passed) > (JUMP * this.#clockRate) / 1000) {
        // One tick at least: two frames must not share a timestamp.
        this.#constant += Math.max(1, Math.round(passed)) - ticks;
      }
    }
    this.#last = { input, at: now };
    return this.peek(input);
  }

  /** The output timestamp of `input` with the constant as it is. */
  peek(input: RtpTicks): RtpTicks {
    return addTicks(input, this.#constant);
  }
}
