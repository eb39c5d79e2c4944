import type { VideoCodec } from '../../media/chunk.ts';
import { createDepacketizer } from '../video/create-depacketizer.ts';
import type { Depacketizer } from '../video/depacketizer.ts';

/** One line of the negotiation; `NegotiatedCodec` is such a one. */
export interface ReceiveFormat {
  /** vp8, h264, vp9, av1 or rtx; others are ignored. */
  readonly name: string;
  readonly payloadType: number;
  /** The `a=fmtp` value. */
  readonly parameters: string;
  /** For rtx: the payload type that is resent. */
  readonly associated?: number;
}

/** A video format with what its payloads are taken apart by. */
export interface VideoFormat {
  readonly codec: VideoCodec;
  readonly depacketizer: Depacketizer;
}

/** The formats of one video line by payload type. */
export class VideoFormats {
  readonly #formats = new Map<number, VideoFormat>();
  /** The resent payload type by the payload type of its RTX. */
  readonly originals: ReadonlyMap<number, number>;

  constructor(formats: readonly ReceiveFormat[]) {
    const originals = new Map<number, number>();
    for (const { name, payloadType, parameters, associated } of formats) {
      const codec = videoCodec(name);
      if (codec) this.#formats.set(payloadType, { codec, depacketizer: createDepacketizer(codec, parameters) });
      if (name === 'rtx' && associated !== undefined) originals.set(payloadType, associated);
    }
    this.originals = originals;
  }

  get(payloadType: number): VideoFormat | undefined {
    return this.#formats.get(payloadType);
  }
}

function videoCodec(name: string): VideoCodec | undefined {
  return name === 'vp8' || name === 'h264' || name === 'vp9' || name === 'av1' ? name : undefined;
}
