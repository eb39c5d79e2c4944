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
  readonly #mayChange: boolean;

  /**
   * @param mayChange the gateway may choose another constant on the way, as it does after a break of a second and more;
   * it is learnt again then. Otherwise an output that does not fit belongs to no input
   */
  constructor(mayChange = false) {
    this.#mayChange = mayChange;
  }

  sent(timestamp: RtpTicks): void {
    this.#sent.add(timestamp);
  }

  /**
   * Takes an output's timestamp. Returns what became known by it: pairs of output and input timestamps. An output
   * without an input has `undefined`.
   */
  came(output: RtpTicks): { readonly output: RtpTicks; readonly input: RtpTicks | undefined }[] {
    const known = this.#candidates?.length === 1;
    if (known && this.#mayChange && !this.#fits(output, this.#candidates![0]!)) this.#candidates = undefined;
    this.#candidates ??= [...this.#sent].map((input) => ticksBetween(input, output));
    const fitting = this.#candidates.filter((constant) => this.#fits(output, constant));
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
    const paired = this.#waiting.map((waited) => ({ output: waited, input: this.#input(waited) }));
    this.#waiting = [];
    return paired;
  }

  #fits(output: RtpTicks, constant: number): boolean {
    return this.#sent.has(addTicks(output, -constant));
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
