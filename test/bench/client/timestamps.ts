import { addTicks, ticksBetween, type RtpTicks } from '../../../src/time.ts';

/**
 * Learns by which constant a gateway shifts timestamps (out = in + constant), from outside.
 *
 * A camera's timestamps are not exactly evenly spaced, and the load client's are not either: so one constant only makes
 * several outputs all meet an input. Until it is known, outputs wait.
 */
export class TimestampMatch {
  readonly #sent = new Set<RtpTicks>();
  #candidates: number[] | undefined;
  #waiting: RtpTicks[] = [];

  sent(timestamp: RtpTicks): void {
    this.#sent.add(timestamp);
  }

  /**
   * Takes an output's timestamp. Returns what became known by it: pairs of output and input timestamps. An output
   * without an input has `undefined`.
   */
  came(output: RtpTicks): { readonly output: RtpTicks; readonly input: RtpTicks | undefined }[] {
    this.#candidates ??= [...this.#sent].map((input) => ticksBetween(input, output));
    const fitting = this.#candidates.filter((constant) => this.#sent.has(addTicks(output, -constant)));
    if (this.#candidates.length === 1)
      return [{ output, input: fitting.length === 1 ? this.#input(output) : undefined }];
    if (fitting.length === 0) {
      // The constant moved before it was known: learn again from here on.
      this.#candidates = undefined;
      return this.#giveUp(output);
    }
    this.#candidates = fitting;
    this.#waiting.push(output);
    if (fitting.length > 1) return [];
    const known = this.#waiting.map((waited) => ({ output: waited, input: this.#input(waited) }));
    this.#waiting = [];
    return known;
  }

  #input(output: RtpTicks): RtpTicks {
    return addTicks(output, -this.#candidates![0]!);
  }

  #giveUp(output: RtpTicks): { output: RtpTicks; input: undefined }[] {
    const lost = [...this.#waiting, output].map((waited) => ({ output: waited, input: undefined }));
    this.#waiting = [];
    return lost;
  }
}
