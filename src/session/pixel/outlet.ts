import type { EncodedChunk, Encoder } from '../../codec/codec.ts';
import { PictureScaler } from '../../codec/picture-scaler.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import { assert } from '../../errors.ts';
import { addTicks, type RtpTicks } from '../../time.ts';
import type { LadderStep } from './ladder.ts';

/**
 * The way out of one session: the pictures that are worked on, the one that was sent last, and the encoder.
 *
 * A picture that is sent changes places with the one sent last; a smaller one is scaled into the place of the last one sent,
 * and becomes it. So the last one sent is there, without a copy, for a keyframe that is asked for while nothing may be shown:
 * such a keyframe never comes from a picture that was not sent.
 */
export class Outlet {
  readonly #encoder: Encoder;
  readonly #aside: boolean;
  readonly #scaler = new PictureScaler();
  /** Lent out, one for each frame on its way; and those that are free. */
  readonly #lent = new Set<WorkPicture>();
  readonly #free: WorkPicture[] = [];
  #sent = new WorkPicture();
  #closed = false;
  #lastTimestamp: RtpTicks | undefined;
  #keyframeWanted = false;
  #frameRateLimit: number | undefined;

  /** @param options `aside`: other threads encode */
  constructor(encoder: Encoder, { aside }: { readonly aside: boolean }) {
    this.#encoder = encoder;
    this.#aside = aside;
  }

  /** A picture to work on: the borrower's until it is given to `encode` or `giveBack`. */
  lend(): WorkPicture {
    const work = this.#free.pop() ?? new WorkPicture();
    this.#lent.add(work);
    return work;
  }

  /** It is not sent. */
  giveBack(work: WorkPicture): void {
    this.#lent.delete(work);
    if (this.#closed) work.close();
    else this.#free.push(work);
  }

  /** The last picture sent, with its timestamp; `undefined` before the first. Valid until the next `encode`. */
  get lastSent(): { readonly picture: WorkPicture; readonly timestamp: RtpTicks } | undefined {
    return this.#lastTimestamp === undefined ? undefined : { picture: this.#sent, timestamp: this.#lastTimestamp };
  }

  /** True from `requestKeyframe` until one was made. */
  get keyframeWanted(): boolean {
    return this.#keyframeWanted;
  }

  /** The next chunk will be a keyframe. */
  requestKeyframe(): void {
    this.#keyframeWanted = true;
  }

  /** Bits a second from the next picture on. */
  setBitrate(bitsPerSecond: number): void {
    this.#encoder.setBitrate(bitsPerSecond);
  }

  /** Encodes a borrowed picture, kept to `step`, which becomes the last one sent. One call at a time, `repeat` included. */
  encode(work: WorkPicture, timestamp: RtpTicks, step: LadderStep): Promise<EncodedChunk> {
    const { width, height } = work.picture;
    if (step.width === width && step.height === height) {
      this.#lent.delete(work);
      this.#free.push(this.#sent);
      this.#sent = work;
    } else {
      this.#scaler.scale(work, this.#sent, step);
      this.giveBack(work);
    }
    // Twice as many frames at the bits that each had would be twice the bitrate, until the encoder has noticed.
    const changed = step.frameRateLimit !== this.#frameRateLimit;
    this.#frameRateLimit = step.frameRateLimit;
    return this.#run(this.#sent, timestamp, changed ? step.frameRate : undefined);
  }

  /**
   * Encodes the last picture sent once more.
   * @param timestamp of a newer frame that is not shown; left out: just after the last one sent
   */
  repeat(timestamp?: RtpTicks): Promise<EncodedChunk> {
    assert(this.#lastTimestamp !== undefined, 'a picture has been sent before it is repeated');
    return this.#run(this.#sent, timestamp ?? addTicks(this.#lastTimestamp, 1));
  }

  /** Idempotent, not while it encodes. What is lent goes too. */
  close(): void {
    this.#closed = true;
    this.#encoder.close();
    this.#scaler.close();
    this.#sent.close();
    for (const work of this.#lent) work.close();
    for (const work of this.#free.splice(0)) work.close();
  }

  async #run(input: WorkPicture, timestamp: RtpTicks, frameRate?: number): Promise<EncodedChunk> {
    const keyframe = this.#keyframeWanted;
    // One that is asked for meanwhile is another one.
    this.#keyframeWanted = false;
    this.#lastTimestamp = timestamp;
    const options = { keyframe, timestamp, ...(frameRate !== undefined && { frameRate }) };
    return this.#aside ? this.#encoder.encodeAside(input, options) : this.#encoder.encode(input, options);
  }
}
