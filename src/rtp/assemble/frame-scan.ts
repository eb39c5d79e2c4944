import type { RtpTicks } from '../../time.ts';
import type { PacketRing } from './packet-ring.ts';

/**
 * Looks for the end of the frame that begins at `start`, and goes on where it stopped when more packets have come: each
 * position is looked at once. A frame ends with a marker, or where the next packet has another timestamp (some H.264
 * senders set no marker). Packets without payload belong to no frame: they only fill their position.
 */
export class FrameScan {
  readonly start: number;
  #at: number;
  #timestamp: RtpTicks | undefined;
  #end: number | undefined;

  constructor(start: number) {
    this.start = start;
    this.#at = start;
  }

  /** The first position that has not come; beyond the end once that is found. */
  get missing(): number {
    return this.#at;
  }

  /** The last position of the frame; `undefined` as long as one of its packets is missing. */
  end(ring: PacketRing): number | undefined {
    while (this.#end === undefined) {
      const packet = ring.get(this.#at);
      if (!packet) return undefined;
      if (packet.payload.length > 0) {
        this.#timestamp ??= packet.timestamp;
        if (packet.timestamp !== this.#timestamp) {
          this.#end = this.#at - 1;
          break;
        }
        if (packet.marker) this.#end = this.#at;
      }
      this.#at++;
    }
    return this.#end;
  }
}
