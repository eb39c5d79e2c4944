/**
 * VP9 frames to RTP payloads, RFC 9628 §4.2, in flexible mode: each picture names those that it needs.
 * |I|P|L|F|B|E|V|Z|   first byte; one spatial layer, so Z
 * |M| picture id  |   15 bits
 * |TID |U|SID |D|     with temporal layers only
 * | P_DIFF    |N|     of each picture that it needs
 * |N_S |Y|G|-|, width, height   in the first packet of a keyframe
 */
import { evenly, type Packetizer, type Payload, type WholeFrame } from '../packetizer.ts';
import { joinPieces } from '../join.ts';
import { keyframeSize } from './vp9-frame-header.ts';

/** First byte: I and F, and Z, since there is nothing above the one spatial layer. */
const EVERY = 0x91;
const PREDICTED = 0x40;
const LAYERED = 0x20;
const BEGIN = 0x08;
const END = 0x04;
const STRUCTURE = 0x02;
/** P_DIFF has 7 bits. */
const FARTHEST = 0x7f;

export class Vp9Packetizer implements Packetizer {
  readonly codec = 'vp9';
  #pictureId: number;
  /** Picture ids of the newest picture of each temporal layer. */
  readonly #newest: (number | undefined)[] = [];

  /** @param pictureId of the first frame, 0–32,767; it should be random */
  constructor(pictureId: number) {
    this.#pictureId = pictureId & 0x7fff;
  }

  packetize(frame: WholeFrame, budget: number): Payload[] {
    const { data } = frame;
    if (data.length === 0) return [];
    const needed = this.#distances(frame);
    const { first, body } = this.#descriptor(frame, needed);
    const structure = frame.keyframe ? scalability(data) : NOTHING;
    const slice = evenly(data.length, budget - 1 - body.length - structure.length);
    const payloads: Payload[] = [];
    for (let at = 0; at < data.length; at += slice) {
      const begin = at === 0 ? BEGIN | (structure.length > 0 ? STRUCTURE : 0) : 0;
      const end = at + slice >= data.length ? END : 0;
      const head = [Uint8Array.of(first | begin | end), body, at === 0 ? structure : NOTHING];
      payloads.push([joinPieces(head), data.subarray(at, at + slice)]);
    }
    this.#advance(frame);
    return payloads;
  }

  #descriptor({ temporal }: WholeFrame, needed: readonly number[]): { first: number; body: Uint8Array } {
    const id = this.#pictureId;
    const body = [0x80 | (id >> 8), id & 0xff];
    // U: no picture needs one of an upper layer from before the newest of layer 0, so one may go up anywhere.
    if (temporal) body.push((temporal.layer << 5) | 0x10);
    needed.forEach((distance, index) => body.push((distance << 1) | (index < needed.length - 1 ? 1 : 0)));
    const first = EVERY | (needed.length > 0 ? PREDICTED : 0) | (temporal ? LAYERED : 0);
    return { first, body: Uint8Array.from(body) };
  }

  /** How many pictures back those lie that the frame needs. */
  #distances({ keyframe, temporal }: WholeFrame): number[] {
    if (keyframe) return [];
    const upTo = temporal && !temporal.sync ? Math.max(1, temporal.layer) : 1;
    const distances = this.#newest
      .slice(0, upTo)
      .flatMap((id) => (id === undefined ? [] : [(this.#pictureId - id) & 0x7fff]))
      .filter((distance) => distance <= FARTHEST);
    // Without layers, or if the stream was joined in the middle: the picture before.
    return distances.length > 0 ? distances : [1];
  }

  #advance({ keyframe, temporal }: WholeFrame): void {
    const layer = temporal?.layer ?? 0;
    // Upper layers begin anew with each picture of layer 0.
    if (keyframe || layer === 0) this.#newest.length = 0;
    this.#newest[layer] = this.#pictureId;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
  }
}

const NOTHING = new Uint8Array(0);

/** One spatial layer with its size, no group of pictures: |0 0 0|Y=1|0|0 0 0|, width, height, 16 bits each. */
function scalability(data: Uint8Array): Uint8Array {
  const size = keyframeSize(data);
  if (!size) return NOTHING;
  const { width, height } = size;
  return Uint8Array.of(0x10, width >> 8, width & 0xff, height >> 8, height & 0xff);
}
