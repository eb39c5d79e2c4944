/** H.264 access units in Annex B from RTP payloads, RFC 6184. */
import { broken, type Assembled, type Depacketizer } from '../depacketizer.ts';
import { NAL, nalType, START_CODE } from './h264-nal.ts';
import { beginsIdr, collectNals, describeNals, type NalPieces } from './h264-payload.ts';
import { joinPieces } from '../join.ts';

/** Parameter sets kept, each kind; senders use one, the format allows 32 and 256. */
const PARAMETER_SETS_LIMIT = 32;
/** Bytes of a parameter set that is worth keeping; real ones have under 100. */
const PARAMETER_SET_LIMIT = 4096;

export class H264Depacketizer implements Depacketizer {
  readonly codec = 'h264';
  /** Sets seen so far under the bytes that hold their id, sequence sets first: put before an IDR that comes without. */
  readonly #sequences = new Map<number, Uint8Array>();
  readonly #pictures = new Map<number, Uint8Array>();

  /** @param parameters the `a=fmtp` value, for its `sprop-parameter-sets` (RFC 6184 §8.1) */
  constructor(parameters = '') {
    const sets = /sprop-parameter-sets=([^;\s]+)/.exec(parameters)?.[1] ?? '';
    for (const set of sets.split(',')) if (set) this.#remember(new Uint8Array(Buffer.from(set, 'base64')));
  }

  beginsKeyframe(payload: Uint8Array): boolean {
    // Remembered as they pass: a set with a timestamp of its own is part of no frame that anybody waits for.
    if (isParameterSet(nalType(payload))) this.#remember(payload.slice());
    return beginsIdr(payload);
  }

  assemble(payloads: readonly Uint8Array[]): Assembled {
    const nals = collectNals(payloads);
    if (typeof nals === 'string') return broken(nals);
    for (const pieces of nals) {
      const type = pieces[0] ? nalType(pieces[0]) : 0;
      if (isParameterSet(type)) this.#remember(joinPieces(pieces));
    }
    const { picture, keyframe, referenced, hasParameters } = describeNals(nals);
    if (!picture) return { kind: 'nothing' };
    if (!keyframe || hasParameters) return { kind: 'frame', data: toAnnexB(nals), keyframe, referenced };
    if (this.#sequences.size === 0 || this.#pictures.size === 0) return broken('IDR without parameter sets');
    return { kind: 'frame', data: toAnnexB([...this.#remembered(), ...nals]), keyframe, referenced };
  }

  #remember(nal: Uint8Array): void {
    if (nal.length < 2 || nal.length > PARAMETER_SET_LIMIT) return;
    const isSequence = nalType(nal) === NAL.sequenceParameters;
    const sets = isSequence ? this.#sequences : this.#pictures;
    const id = readSetId(nal, isSequence ? 4 : 1);
    sets.delete(id);
    if (sets.size < PARAMETER_SETS_LIMIT) sets.set(id, nal);
  }

  #remembered(): NalPieces[] {
    return [...this.#sequences.values(), ...this.#pictures.values()].map((nal) => [nal]);
  }
}

function isParameterSet(type: number): boolean {
  return type === NAL.sequenceParameters || type === NAL.pictureParameters;
}

/** The id of a parameter set: the exp-Golomb number at byte `at`. Ids over 254 are impossible, so 16 bits hold it. */
function readSetId(nal: Uint8Array, at: number): number {
  const bits = ((nal[at] ?? 0) << 16) | ((nal[at + 1] ?? 0) << 8) | (nal[at + 2] ?? 0);
  const zeros = Math.min(11, Math.clz32(bits) - 8);
  return (bits >>> (23 - 2 * zeros)) - 1;
}

function toAnnexB(nals: readonly NalPieces[]): Uint8Array {
  return joinPieces(nals.flatMap((pieces) => [START_CODE, ...pieces]));
}
