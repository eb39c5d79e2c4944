/** VP8 frames to RTP payloads, RFC 7741: descriptor with a 15-bit picture id, then a slice of the frame. */
import { evenly, type Packetizer, type Payload, type WholeFrame } from '../packetizer.ts';

/** Bytes of the descriptor: |X R N S R PID| |I…| |M picture id| |picture id|. */
const DESCRIPTOR = 4;

export class Vp8Packetizer implements Packetizer {
  readonly codec = 'vp8';
  #pictureId: number;

  /** @param pictureId of the first frame, 0–32,767; it should be random */
  constructor(pictureId: number) {
    this.#pictureId = pictureId & 0x7fff;
  }

  packetize({ data }: WholeFrame, budget: number): Payload[] {
    if (data.length === 0) return [];
    const id = this.#pictureId;
    this.#pictureId = (id + 1) & 0x7fff;
    const first = Uint8Array.of(0x90, 0x80, 0x80 | (id >> 8), id & 0xff);
    const later = Uint8Array.of(0x80, 0x80, 0x80 | (id >> 8), id & 0xff);
    const slice = evenly(data.length, budget - DESCRIPTOR);
    const payloads: Payload[] = [];
    for (let at = 0; at < data.length; at += slice) {
      payloads.push([at === 0 ? first : later, data.subarray(at, at + slice)]);
    }
    return payloads;
  }
}
