/**
 * VP8 frames to RTP payloads, RFC 7741 §4.2: descriptor, then a slice of the frame.
 * |X|R|N|S|R| PID |   X; N: no other frame needs it; S in the first packet
 * |I|L|T|K|  RSV  |   I; L and T with temporal layers
 * |M| picture id  |   15 bits
 * |   TL0PICIDX   |   counts the frames of layer 0
 * |TID|Y| KEYIDX  |   Y: needs the newest frame of layer 0 only
 */
import type { TemporalPlace } from '../../../media/chunk.ts';
import { evenly, type Packetizer, type Payload, type WholeFrame } from '../packetizer.ts';

export class Vp8Packetizer implements Packetizer {
  readonly codec = 'vp8';
  #pictureId: number;
  #lowestIndex: number;

  /** @param seed where picture ids and counts of layer 0 begin; it should be random */
  constructor(seed: number) {
    this.#pictureId = seed & 0x7fff;
    this.#lowestIndex = (seed >>> 15) & 0xff;
  }

  packetize({ data, temporal }: WholeFrame, budget: number): Payload[] {
    if (data.length === 0) return [];
    const later = this.#descriptor(temporal);
    const first = Uint8Array.from(later);
    first[0] = later[0]! | 0x10;
    const slice = evenly(data.length, budget - later.length);
    const payloads: Payload[] = [];
    for (let at = 0; at < data.length; at += slice) {
      payloads.push([at === 0 ? first : later, data.subarray(at, at + slice)]);
    }
    return payloads;
  }

  #descriptor(temporal: TemporalPlace | undefined): Uint8Array {
    const id = this.#pictureId;
    this.#pictureId = (id + 1) & 0x7fff;
    if (!temporal) return Uint8Array.of(0x80, 0x80, 0x80 | (id >> 8), id & 0xff);
    const { layer, sync, referenced } = temporal;
    if (layer === 0) this.#lowestIndex = (this.#lowestIndex + 1) & 0xff;
    const place = (layer << 6) | (sync ? 0x20 : 0);
    return Uint8Array.of(referenced ? 0x80 : 0xa0, 0xe0, 0x80 | (id >> 8), id & 0xff, this.#lowestIndex, place);
  }
}
