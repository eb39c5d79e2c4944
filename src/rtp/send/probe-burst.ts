import type { Milli } from '../../time.ts';
import type { Probe } from '../congestion/congestion.ts';

/** A probe that is not full so long after it began is given up: what it measures then is the media, not the way. */
const PATIENCE: Milli = 500;

/** How far one probe has been sent: its packets leave at its bitrate, counted from its first one. */
export class ProbeBurst {
  readonly id: number;
  readonly #probe: Probe;
  #startedAt: Milli | undefined;
  #bytes = 0;
  #packets = 0;

  constructor(probe: Probe) {
    this.id = probe.id;
    this.#probe = probe;
  }

  /** Bytes that its bitrate is short of at `now`: the next packet may leave if this is above 0. */
  room(now: Milli): number {
    const passed = now - (this.#startedAt ?? now);
    return 1 + Math.floor((passed * this.#probe.bitrate) / 8000) - this.#bytes;
  }

  /** When the next packet may leave. */
  get nextAt(): Milli {
    return this.#startedAt === undefined ? -Infinity : this.#startedAt + (this.#bytes * 8000) / this.#probe.bitrate;
  }

  /** Bytes that are still to be sent, at least 1 until enough packets have left too. */
  get missing(): number {
    const packets = this.#packets < this.#probe.packets ? 1 : 0;
    return Math.max(packets, this.#probe.bytes - this.#bytes);
  }

  /** True if all of it has left, or it has taken too long. */
  isOver(now: Milli): boolean {
    return this.missing === 0 || now - (this.#startedAt ?? now) > PATIENCE;
  }

  /** A packet of it leaves. */
  onPacket(bytes: number, now: Milli): void {
    this.#startedAt ??= now;
    this.#bytes += bytes;
    this.#packets++;
  }
}
