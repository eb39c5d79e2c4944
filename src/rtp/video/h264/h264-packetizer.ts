/** H.264 access units (Annex B) to RTP payloads, RFC 6184 §5.6–5.8. */
import { readU8 } from '../../packet/bytes.ts';
import { isPicture, NAL, nalType, splitAnnexB } from './h264-nal.ts';
import { evenly, type Packetizer, type Payload, type WholeFrame } from '../packetizer.ts';

/** A UDP datagram holds 65,507 bytes; beyond that a single NAL unit cannot leave in mode 0 at all. */
const DATAGRAM = 65_000;

export class H264Packetizer implements Packetizer {
  readonly codec = 'h264';
  readonly #mode: 0 | 1;

  /**
   * @param mode `packetization-mode`. 1: parameter sets travel together (STAP-A), long NAL units in fragments (FU-A).
   *   0: one NAL unit a packet, whatever its size, so the encoder has to keep slices short; a longer one leaves as one
   *   large datagram for the network to fragment.
   */
  constructor(mode: 0 | 1 = 1) {
    this.#mode = mode;
  }

  packetize({ data }: WholeFrame, budget: number): Payload[] {
    const nals = splitAnnexB(data);
    if (this.#mode === 0) return nals.some((nal) => nal.length > DATAGRAM) ? [] : nals.map((nal) => [nal]);
    const payloads: Payload[] = [];
    for (let at = 0; at < nals.length;) {
      const together = countSmall(nals, at, budget);
      const nal = nals[at];
      if (!nal) break;
      if (together > 1) payloads.push(aggregate(nals.slice(at, at + together)));
      else if (nal.length <= budget) payloads.push([nal]);
      else fragment(nal, budget, payloads);
      at += Math.max(1, together);
    }
    return payloads;
  }
}

/** How many NAL units from `from` on, none of them picture, fit one aggregate. */
function countSmall(nals: readonly Uint8Array[], from: number, budget: number): number {
  let size = 1;
  let at = from;
  for (; at < nals.length; at++) {
    const nal = nals[at];
    if (!nal || isPicture(nalType(nal))) break;
    size += 2 + nal.length;
    if (size > budget) break;
  }
  return at - from;
}

/** STAP-A: |F|NRI|24|, then each unit after its 16-bit size. Its NRI is the highest of its units'. */
function aggregate(nals: readonly Uint8Array[]): Payload {
  const importance = nals.reduce((most, nal) => Math.max(most, readU8(nal, 0) & 0x60), 0);
  const pieces: Uint8Array[] = [Uint8Array.of(importance | NAL.stapA)];
  for (const nal of nals) pieces.push(Uint8Array.of(nal.length >> 8, nal.length & 0xff), nal);
  return pieces;
}

/** FU-A: |F|NRI|28| |S|E|R| type|, then a slice of the unit without its header. */
function fragment(nal: Uint8Array, budget: number, payloads: Payload[]): void {
  const header = readU8(nal, 0);
  const indicator = (header & 0xe0) | NAL.fuA;
  const slice = evenly(nal.length - 1, budget - 2);
  for (let at = 1; at < nal.length; at += slice) {
    const begin = at === 1 ? 0x80 : 0;
    const end = at + slice >= nal.length ? 0x40 : 0;
    payloads.push([Uint8Array.of(indicator, begin | end | (header & 0x1f)), nal.subarray(at, at + slice)]);
  }
}
