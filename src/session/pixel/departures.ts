import type { EncodedChunk, Encoder } from '../../codec/codec.ts';
import type { WorkPicture } from '../../codec/work-picture.ts';
import type { Chunk } from '../../media/chunk.ts';
import { addTicks, type Clock, type Milli, type RtpTicks } from '../../time.ts';
import type { Encoding, FromPixel, Outcome } from '../pixel.ts';
import type { Station } from '../statistics.ts';
import type { LadderStep } from './ladder.ts';
import { Outlet } from './outlet.ts';
import { SmallEncoding } from './small-encoding.ts';

/** How long a wanted keyframe waits for a frame before the last picture sent is encoded again, ms. */
const KEYFRAME_PATIENCE: Milli = 150;

export interface DeparturesParts {
  readonly clock: Clock;
  readonly encoder: Encoder;
  /** Other threads encode, while the next frame is worked on here. */
  readonly encodesAside: boolean;
  /** Of the small encoding, once it is needed. */
  readonly createSmallEncoder: (bitsPerSecond: number) => Encoder;
  readonly send: (message: FromPixel) => void;
  readonly onTook: (station: Extract<Station, 'encode' | 'encode-small'>, duration: Milli) => void;
  /** Encoding has failed: nothing will leave any more. */
  readonly onFailed: (error: unknown) => void;
}

/** A frame that is brought out. */
export interface Departing {
  readonly chunk: Chunk;
  readonly deadline: Milli;
  /** Its instant on the media clock. */
  readonly at: Milli;
  /** What the picture is kept to. */
  readonly step: LadderStep;
  /** Borrowed of `lend`. */
  readonly work: WorkPicture;
}

/** Where a session's pictures leave: encoded one after the other, smaller once more for those who need that, repeated where a keyframe is due. */
export class Departures {
  readonly #session: string;
  readonly #parts: DeparturesParts;
  readonly #outlet: Outlet;
  readonly #small: SmallEncoding;
  #smallAt: Milli = -Infinity;
  #lastOutcome: Outcome = 'hidden';
  #keyframeWantedAt: Milli | undefined;
  /** Instant on the media clock of the newest frame that has left. */
  #leftAt: Milli = -Infinity;
  /** Pictures that are still to be encoded, the one that is being encoded included. */
  #waiting = 0;
  #encoding: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(session: string, parts: DeparturesParts) {
    this.#session = session;
    this.#parts = parts;
    this.#outlet = new Outlet(parts.encoder, { aside: parts.encodesAside });
    this.#small = new SmallEncoding(parts.createSmallEncoder);
  }

  /** A picture to work on; it comes back by `depart` or `giveBack`. */
  lend(): WorkPicture {
    return this.#outlet.lend();
  }

  /** It is not sent. */
  giveBack(work: WorkPicture): void {
    this.#outlet.giveBack(work);
  }

  /** True from `requestKeyframe` until one was made. */
  get keyframeWanted(): boolean {
    return this.#outlet.keyframeWanted;
  }

  /** Pictures that are still to be encoded, before any that departs now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** True if a frame of this instant would leave after a newer one. */
  isOvertaken(at: Milli): boolean {
    return at <= this.#leftAt;
  }

  /** Bits a second from the next picture on. */
  setBitrate(bitsPerSecond: number): void {
    this.#outlet.setBitrate(bitsPerSecond);
  }

  /** Of the small encoding; null: nobody needs it any more. */
  setSmallBitrate(bitsPerSecond: number | null): void {
    this.#small.bitrate = bitsPerSecond;
  }

  requestKeyframe(encoding: Encoding): void {
    if (encoding === 'small') return this.#small.requestKeyframe();
    this.#outlet.requestKeyframe();
    this.#keyframeWantedAt ??= this.#parts.clock.now();
  }

  /**
   * Encodes and sends the frame's picture, after those before it.
   * @param hurry the session's next frame waits: it must not wait for the small encoding too
   */
  depart({ chunk, deadline, at, step, work }: Departing, outcome: Outcome, hurry: boolean): void {
    this.#leftAt = at;
    this.#enqueue(async () => {
      const started = this.#parts.clock.now();
      const { captureTime, timestamp, decodable } = chunk;
      const encoded = { ...(await this.#outlet.encode(work, timestamp, step)), ...(captureTime && { captureTime }) };
      if (this.#closed) return;
      this.#parts.onTook('encode', this.#parts.clock.now() - started);
      this.#lastOutcome = outcome;
      this.#send(encoded, outcome, decodable, deadline);
      if (!hurry) this.#encodeSmall({ outcome, decodable, deadline, timestamp });
    });
  }

  /** A frame is not shown; but it may be time for the last picture sent again, as the keyframe that was asked for. */
  pass({ chunk, at }: Pick<Departing, 'chunk' | 'at'>, budget: Milli): void {
    if (this.isOvertaken(at)) return;
    if (this.#repeat(budget, chunk.timestamp)) this.#leftAt = at;
  }

  /** To be called every now and then: encodes the last picture sent again if a keyframe was asked for and no frame comes. */
  tick(budget: Milli): void {
    const now = this.#parts.clock.now();
    if (now - (this.#keyframeWantedAt ?? now) >= KEYFRAME_PATIENCE) this.#repeat(budget);
    if (this.#waiting === 0 && this.#small.keyframeWanted && now - this.#smallAt >= KEYFRAME_PATIENCE) {
      this.#encodeSmall({ outcome: this.#lastOutcome, decodable: now, deadline: now + budget });
    }
  }

  /** Resolves once all that has departed is sent. */
  async idle(): Promise<void> {
    while (this.#waiting > 0) await this.#encoding;
  }

  /** Idempotent. What waits is not sent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#small.close();
    // A picture that another thread reads must stay until it has.
    if (this.#waiting === 0) this.#outlet.close();
    else void this.idle().then(() => this.#outlet.close());
  }

  #enqueue(encode: () => Promise<void>): void {
    this.#waiting++;
    this.#encoding = this.#encoding.then(async () => {
      try {
        if (!this.#closed) await encode();
      } catch (error) {
        if (!this.#closed) this.#parts.onFailed(error);
      } finally {
        this.#waiting--;
      }
    });
  }

  /** Encodes the picture that was sent last a second time, smaller, for those who need that. */
  #encodeSmall(of: {
    readonly outcome: Outcome;
    readonly decodable: Milli;
    readonly deadline: Milli;
    readonly timestamp?: RtpTicks;
  }): void {
    const last = this.#outlet.lastSent;
    if (last === undefined || !this.#small.isNeeded) return;
    const { timestamp = addTicks(last.timestamp, 1), ...rest } = of;
    const started = this.#parts.clock.now();
    const chunk = this.#small.encode(last.picture, timestamp);
    this.#smallAt = this.#parts.clock.now();
    this.#parts.onTook('encode-small', this.#smallAt - started);
    if (chunk === undefined) return;
    this.#parts.send({ type: 'chunk', session: this.#session, chunk, encoding: 'small', ...rest });
  }

  /** Sends the last picture sent again if a keyframe is due: never one that was not to be shown. */
  #repeat(budget: Milli, timestamp?: RtpTicks): boolean {
    // What waits will be the keyframe.
    if (this.#waiting > 0 || !this.#outlet.keyframeWanted || this.#outlet.lastSent === undefined) return false;
    this.#enqueue(async () => {
      const encoded = await this.#outlet.repeat(timestamp);
      if (this.#closed) return;
      const now = this.#parts.clock.now();
      this.#send(encoded, this.#lastOutcome, now, now + budget);
    });
    return true;
  }

  #send(chunk: EncodedChunk, outcome: Outcome, decodable: Milli, deadline: Milli): void {
    if (!this.#outlet.keyframeWanted) this.#keyframeWantedAt = undefined;
    this.#parts.send({ type: 'chunk', session: this.#session, chunk, outcome, decodable, deadline });
  }
}
