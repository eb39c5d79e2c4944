import type { Decoder } from '../../codec/codec.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import { GatewayError } from '../../errors.ts';
import type { Chunk, VideoCodec } from '../../media/chunk.ts';
import { turnI420 } from '../../media/turn.ts';
import type { Drops } from '../../schedule/drop.ts';
import { MediaClock } from '../../schedule/media-clock.ts';
import type { Clock, Milli } from '../../time.ts';
import { ChunkQueue } from './chunk-queue.ts';

/** Chunks decoded in one go before other sessions get their turn. */
const DECODED_AT_ONCE = 8;
/** Time between two requests for a keyframe while none comes, ms. */
const ASK_AGAIN: Milli = 500;
/** Time for which a sender may send larger pictures than the session takes, ms: it may only be starting up. */
const TOO_LARGE_FOR: Milli = 3000;
/** So many pictures in a row must take too long: one may be that of a process that was stopped. */
const SLOW_IN_A_ROW = 5;

export interface IntakeParts {
  readonly clock: Clock;
  readonly drops: Drops;
  /** Time that decoding a picture may take, ms. */
  readonly decodeLimit: Milli;
  readonly createDecoder: (codec: VideoCodec) => Decoder;
  /** Brings in chunks that have arrived meanwhile. */
  readonly poll: () => void;
  /** Chunks were decoded or given up. */
  readonly onSettled: (count: number) => void;
  readonly onNeedKeyframe: () => void;
  /** A picture came out of a chunk. */
  readonly onDecoded: (chunk: Chunk, duration: Milli) => void;
}

/** A chunk whose picture goes on. */
export interface Arrival {
  readonly chunk: Chunk;
  /** True if it comes out of an old queue: it is not worth swapping. */
  readonly backlog: boolean;
  /** Upright, pixels. */
  readonly width: number;
  readonly height: number;
}

/** The way in of one session: every chunk is decoded in order, and of those that are ready together the newest goes on. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #queue: ChunkQueue;
  readonly #mediaClock = new MediaClock();
  #decoder: Decoder | undefined;
  /** Where pictures that come lying wait to be turned; without memory as long as none does. */
  readonly #lying = new WorkPicture();
  #candidate: Arrival | undefined;
  #askedAt: Milli = -Infinity;
  #tooLargeSince: Milli | undefined;
  #slow = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#queue = new ChunkQueue(parts.drops, parts.onSettled);
  }

  /** Instant of the newest chunk that waits, `undefined` if none does. */
  get waitingSince(): Milli | undefined {
    return (this.#queue.newest ?? this.#candidate?.chunk)?.decodable;
  }

  /** True if a newer chunk waits than the last one taken. */
  get hasNewer(): boolean {
    return this.#queue.length > 0;
  }

  /** True if more than one waits: all but the newest will be replaced. */
  get isBehind(): boolean {
    return this.#queue.length + (this.#candidate === undefined ? 0 : 1) > 1;
  }

  put(chunk: Chunk): void {
    this.#queue.put(chunk);
  }

  /**
   * Decodes what waits, and what comes meanwhile. The newest picture goes on, older ones are counted as `replaced`.
   * `undefined` if none came out, or others should have their turn first.
   * @param maximumSide longest side that is taken, pixels
   * @throws GatewayError picture_too_large after three seconds of nothing but such pictures, decode_too_slow
   */
  take(maximumSide: number): Arrival | undefined {
    for (let count = 0; count < DECODED_AT_ONCE; count++) {
      this.#parts.poll();
      const chunk = this.#queue.take();
      this.#askForKeyframe();
      if (!chunk) {
        const arrival = this.#candidate;
        this.#candidate = undefined;
        return arrival;
      }
      this.#decode(chunk, maximumSide);
    }
    return undefined;
  }

  /** Copies the picture of the last arrival, upright. */
  copyTo(work: WorkPicture, { chunk, width, height }: Arrival): void {
    const { rotation = 0 } = chunk;
    if (rotation === 0) {
      this.#lying.close();
      this.#decoder?.copyTo(work);
    } else if (this.#decoder?.copyTo(this.#lying)) {
      work.resize(width, height);
      turnI420(this.#lying.picture, rotation, work.picture);
    }
  }

  /** Idempotent. */
  close(): void {
    this.#queue.clear();
    if (this.#candidate) this.#parts.drops.count('decode', 'closed');
    this.#candidate = undefined;
    this.#decoder?.close();
    this.#decoder = undefined;
    this.#lying.close();
  }

  #decode(chunk: Chunk, maximumSide: number): void {
    const { clock, drops, onDecoded } = this.#parts;
    const started = clock.now();
    const decoded = this.#decoderFor(chunk.codec).decode(chunk);
    this.#requireSpeed(clock.now() - started);
    const backlog = this.#mediaClock.isBacklog(chunk.timestamp, chunk.decodable);
    switch (decoded.kind) {
      case 'picture':
        onDecoded(chunk, clock.now() - started);
        if (Math.max(decoded.width, decoded.height) > maximumSide) this.#tooLarge(chunk);
        else this.#goOn({ chunk, backlog, ...upright(decoded, chunk) });
        return;
      case 'too-large':
        this.#tooLarge(chunk);
        return;
      case 'broken':
        drops.count('decode', 'broken');
        this.#queue.breakOff();
        this.#askForKeyframe();
        return;
      case 'none':
    }
  }

  /** Others wait while a picture is decoded, so one that is made to take long is an attack on them. */
  #requireSpeed(duration: Milli): void {
    this.#slow = duration > this.#parts.decodeLimit ? this.#slow + 1 : 0;
    if (this.#slow < SLOW_IN_A_ROW) return;
    throw new GatewayError(
      'decode_too_slow',
      'the sender must send pictures that decode in time: smaller or simpler ones',
    );
  }

  #goOn(arrival: Arrival): void {
    this.#tooLargeSince = undefined;
    if (this.#candidate) this.#parts.drops.count('decode', 'replaced');
    this.#candidate = arrival;
  }

  #tooLarge({ decodable }: Chunk): void {
    this.#parts.drops.count('decode', 'too-large');
    this.#tooLargeSince ??= decodable;
    if (decodable - this.#tooLargeSince > TOO_LARGE_FOR) {
      throw new GatewayError('picture_too_large', 'the sender must keep to the size the session takes');
    }
  }

  #askForKeyframe(): void {
    const now = this.#parts.clock.now();
    if (!this.#queue.awaitsKeyframe) this.#askedAt = -Infinity;
    else if (now - this.#askedAt >= ASK_AGAIN) {
      this.#askedAt = now;
      this.#parts.onNeedKeyframe();
    }
  }

  #decoderFor(codec: VideoCodec): Decoder {
    if (this.#decoder && this.#decoder.codec !== codec) {
      this.#decoder.close();
      this.#decoder = undefined;
    }
    return (this.#decoder ??= this.#parts.createDecoder(codec));
  }
}

function upright({ width, height }: { readonly width: number; readonly height: number }, { rotation = 0 }: Chunk) {
  return rotation % 2 === 0 ? { width, height } : { width: height, height: width };
}
