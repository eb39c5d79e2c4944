import type { EncodedChunk } from '../../../codec/codec.ts';
import type { Clock, Milli } from '../../../time.ts';
import type { ArrivedPacket } from '../../transport/transport.ts';
import { LayerRates } from './layer-limit.ts';

/** Keyframes that viewers want are asked of the encoder at most this often, however many want one. */
const KEYFRAME_INTERVAL: Milli = 500;

/** A packet of the watched session's sound, as it came. */
export type Seen = ArrivedPacket;

/** Who is told of all that is encoded: a viewer, or the way to those in another process. None of it may throw. */
export interface Spectator {
  chunk(chunk: EncodedChunk, decodable: Milli): void;
  sound(seen: Seen): void;
  /** The session is over. */
  close(): void;
}

/** Who watches a session. What is encoded goes to all of them as it is; a session without viewers has an empty one. */
export class Audience {
  readonly rates = new LayerRates();
  readonly #clock: Clock;
  readonly #onKeyframeWanted: () => void;
  readonly #viewers = new Set<Spectator>();
  #askedAt: Milli = -Infinity;
  #asking: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param onKeyframeWanted at most each 500 ms */
  constructor(clock: Clock, onKeyframeWanted: () => void) {
    this.#clock = clock;
    this.#onKeyframeWanted = onKeyframeWanted;
  }

  /** One that comes too late is closed. */
  add(viewer: Spectator): void {
    if (this.#closed) viewer.close();
    else this.#viewers.add(viewer);
  }

  delete(viewer: Spectator): void {
    this.#viewers.delete(viewer);
  }

  /** A picture has been encoded. */
  chunk(chunk: EncodedChunk, decodable: Milli): void {
    if (this.#viewers.size === 0) return;
    this.rates.onChunk(chunk, this.#clock.now());
    for (const viewer of this.#viewers) viewer.chunk(chunk, decodable);
  }

  /** A packet of the session's sound has come. */
  sound(seen: Seen): void {
    for (const viewer of this.#viewers) viewer.sound(seen);
  }

  /** A viewer cannot go on without a keyframe. */
  wantKeyframe(): void {
    if (this.#asking !== undefined || this.#closed) return;
    const wait = this.#askedAt + KEYFRAME_INTERVAL - this.#clock.now();
    if (wait <= 0) this.#ask();
    else this.#asking = setTimeout(() => this.#ask(), wait);
  }

  /** The session is over, and with it everybody's watching. Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#asking);
    for (const viewer of [...this.#viewers]) viewer.close();
    this.#viewers.clear();
  }

  #ask(): void {
    this.#asking = undefined;
    this.#askedAt = this.#clock.now();
    this.#onKeyframeWanted();
  }
}
