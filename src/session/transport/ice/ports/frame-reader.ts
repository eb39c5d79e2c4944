/**
 * Packets in a TCP stream (RFC 4571 §2):
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |             length            |  packet of so many bytes      …
 */

/** Longest packet that is read, bytes; a browser's have up to 1,500. What claims to be longer is no media. */
export const MAXIMUM_FRAME = 4096;

/** Cuts a stream into packets. Holds at most one unfinished packet. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The packets that `chunk` completes, views where they lie in it whole; `undefined` if the stream is none of packets. */
  push(chunk: Buffer): readonly Buffer[] | undefined {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const packets: Buffer[] = [];
    let at = 0;
    while (at + 2 <= bytes.length) {
      const length = bytes.readUInt16BE(at);
      if (length > MAXIMUM_FRAME) return undefined;
      if (at + 2 + length > bytes.length) break;
      if (length > 0) packets.push(bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    // A copy, so that a few bytes do not keep the whole chunk.
    this.#rest = Buffer.from(bytes.subarray(at));
    return packets;
  }
}

/** The packet with its length before it. */
export function frame(packet: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(2 + packet.length);
  bytes.writeUInt16BE(packet.length, 0);
  bytes.set(packet, 2);
  return bytes;
}
