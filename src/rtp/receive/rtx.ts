/** Retransmissions, RFC 4588 §4: the payload begins with the original sequence number (16 bits). */
import { readU16 } from '../packet/bytes.ts';
import type { RtpPacket } from '../packet/rtp-packet.ts';

/** Resend streams whose owner is remembered: one for each of a caller's last sources. */
const STREAM_LIMIT = 8;

/** Finds the original in resent packets, and to which source a stream of resends belongs. */
export class RtxStreams {
  readonly #originalType: ReadonlyMap<number, number>;
  readonly #owners = new Map<number, number>();

  /** @param originalType the resent payload type by the payload type of its RTX */
  constructor(originalType: ReadonlyMap<number, number>) {
    this.#originalType = originalType;
  }

  /**
   * The original packet, as a view; `undefined` if it only probes (no payload), is no RTX, or resends a source other
   * than `mediaSsrc`, the one that is received now.
   */
  unwrap(packet: RtpPacket, mediaSsrc: number): RtpPacket | undefined {
    const payloadType = this.#originalType.get(packet.payloadType);
    if (payloadType === undefined || packet.payload.length < 2) return undefined;
    const owner = this.#owners.get(packet.ssrc);
    if (owner === undefined) this.#adopt(packet.ssrc, mediaSsrc);
    else if (owner !== mediaSsrc) return undefined;
    return {
      ...packet,
      payloadType,
      ssrc: mediaSsrc,
      sequence: readU16(packet.payload, 0),
      payload: packet.payload.subarray(2),
    };
  }

  /** A stream of resends belongs to the source that was received when it was first heard. */
  #adopt(ssrc: number, mediaSsrc: number): void {
    if (this.#owners.size >= STREAM_LIMIT) {
      const oldest = this.#owners.keys().next().value;
      if (oldest !== undefined) this.#owners.delete(oldest);
    }
    this.#owners.set(ssrc, mediaSsrc);
  }
}
