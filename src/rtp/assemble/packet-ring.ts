import type { MediaPacket } from './media-packet.ts';

/**
 * Packets that wait for their frame to be whole. 2,048 are 3.6 s at 5 Mbit/s: no resend takes longer, and a peer cannot
 * make it hold more.
 */
export const RING_SIZE = 2048;

/** The reorder buffer: packets by position, at most `RING_SIZE` positions wide. */
export class PacketRing {
  readonly #slots = new Array<MediaPacket | undefined>(RING_SIZE).fill(undefined);

  get(position: number): MediaPacket | undefined {
    const packet = this.#slots[position & (RING_SIZE - 1)];
    return packet?.position === position ? packet : undefined;
  }

  /** Puts a packet in; what had the same slot, a whole ring earlier, is gone. */
  put(packet: MediaPacket): void {
    this.#slots[packet.position & (RING_SIZE - 1)] = packet;
  }

  /** Forgets `position`. */
  remove(position: number): void {
    const at = position & (RING_SIZE - 1);
    if (this.#slots[at]?.position === position) this.#slots[at] = undefined;
  }

  clear(): void {
    this.#slots.fill(undefined);
  }
}
