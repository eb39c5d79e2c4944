import type { MediaPacket } from './media-packet.ts';

/**
 * Packets that wait for their frame to be whole. 2,048 are 3.6 s at 5 Mbit/s: no resend takes longer, and a peer cannot
 * make it hold more.
 */
export const RING_SIZE = 2048;

/** Payload bytes that may wait: far more than any frame, and not what 2,048 datagrams of 64 KiB would come to. */
export const RING_BYTES = 8 << 20;

/** The reorder buffer: packets by position, at most `RING_SIZE` positions wide. */
export class PacketRing {
  readonly #slots = new Array<MediaPacket | undefined>(RING_SIZE).fill(undefined);

  #bytes = 0;

  /** Payload bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  get(position: number): MediaPacket | undefined {
    const packet = this.#slots[position & (RING_SIZE - 1)];
    return packet?.position === position ? packet : undefined;
  }

  /** Puts a packet in; what had the same slot, a whole ring earlier, is gone. */
  put(packet: MediaPacket): void {
    const at = packet.position & (RING_SIZE - 1);
    this.#bytes += packet.payload.length - (this.#slots[at]?.payload.length ?? 0);
    this.#slots[at] = packet;
  }

  /** Forgets `position`. */
  remove(position: number): void {
    const at = position & (RING_SIZE - 1);
    const packet = this.#slots[at];
    if (packet?.position !== position) return;
    this.#bytes -= packet.payload.length;
    this.#slots[at] = undefined;
  }

  clear(): void {
    this.#slots.fill(undefined);
    this.#bytes = 0;
  }
}
