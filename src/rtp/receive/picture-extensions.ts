import type { CaptureTime } from '../../media/chunk.ts';
import { readCaptureTime } from '../packet/capture-time.ts';
import { EXTENSION_URI, findExtension, readExtension } from '../packet/extension.ts';
import type { RtpPacket } from '../packet/rtp-packet.ts';

/** What a packet's header extensions tell of its picture; `undefined` what they do not. */
export interface PictureTold {
  /** Clockwise quarter turns that make it upright. */
  readonly rotation: 0 | 1 | 2 | 3 | undefined;
  readonly captureTime: CaptureTime | undefined;
}

/** Reads the header extensions that belong to pictures rather than to packets. */
export class PictureExtensions {
  readonly #orientation: number;
  readonly #captureTime: number;

  /** @param extensions negotiated ids by URI */
  constructor(extensions: ReadonlyMap<string, number>) {
    this.#orientation = extensions.get(EXTENSION_URI.videoOrientation) ?? -1;
    this.#captureTime = extensions.get(EXTENSION_URI.absoluteCaptureTime) ?? -1;
  }

  read(packet: RtpPacket): PictureTold {
    return { rotation: this.#readRotation(packet), captureTime: this.#readCaptureTime(packet) };
  }

  /** |0 0 0 0 C F R1 R0|: R is the clockwise turn to apply (3GPP TS 26.114 §7.4.5). */
  #readRotation(packet: RtpPacket): 0 | 1 | 2 | 3 | undefined {
    if (this.#orientation < 0) return undefined;
    const at = findExtension(packet, this.#orientation);
    return at === undefined ? undefined : (((packet.data[at] ?? 0) & 3) as 0 | 1 | 2 | 3);
  }

  #readCaptureTime(packet: RtpPacket): CaptureTime | undefined {
    if (this.#captureTime < 0) return undefined;
    const value = readExtension(packet, this.#captureTime);
    return value && readCaptureTime(value);
  }
}
