import type { EncodedChunk, Encoder } from '../../codec/codec.ts';
import { PictureScaler } from '../../codec/picture-scaler.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import type { RtpTicks } from '../../time.ts';

/** Of width and height. */
const SCALE = 0.5;

/** A second, smaller encoding of what is sent, there only while somebody needs it: its encoder and pictures go with it. */
export class SmallEncoding {
  readonly #createEncoder: (bitsPerSecond: number) => Encoder;
  readonly #picture = new WorkPicture();
  readonly #scaler = new PictureScaler();
  #encoder: Encoder | undefined;
  #keyframeWanted = false;

  constructor(createEncoder: (bitsPerSecond: number) => Encoder) {
    this.#createEncoder = createEncoder;
  }

  /** Whether somebody needs it. */
  get isNeeded(): boolean {
    return this.#encoder !== undefined;
  }

  /** Somebody who needs it waits for a keyframe. */
  get keyframeWanted(): boolean {
    return this.#keyframeWanted;
  }

  /** Begins it, changes its rate, or ends it (null). */
  set bitrate(bitsPerSecond: number | null) {
    if (bitsPerSecond === null) this.close();
    else if (this.#encoder === undefined) {
      this.#encoder = this.#createEncoder(bitsPerSecond);
      this.#keyframeWanted = true;
    } else this.#encoder.setBitrate(bitsPerSecond);
  }

  requestKeyframe(): void {
    this.#keyframeWanted = this.isNeeded;
  }

  /** Encodes a picture that has been sent. `undefined` if nobody needs it. */
  encode(sent: WorkPicture, timestamp: RtpTicks): EncodedChunk | undefined {
    if (this.#encoder === undefined) return undefined;
    const { width, height } = sent.picture;
    this.#scaler.scale(sent, this.#picture, { width: half(width), height: half(height) });
    const chunk = this.#encoder.encode(this.#picture, { keyframe: this.#keyframeWanted, timestamp });
    if (chunk.keyframe) this.#keyframeWanted = false;
    return chunk;
  }

  /** Idempotent; it can begin again. */
  close(): void {
    this.#encoder?.close();
    this.#encoder = undefined;
    this.#keyframeWanted = false;
    this.#scaler.close();
    this.#picture.close();
  }
}

/** Even, at least 2. */
function half(side: number): number {
  return Math.max(2, 2 * Math.round((side * SCALE) / 2));
}
