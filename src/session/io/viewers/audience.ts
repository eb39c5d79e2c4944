import type { EncodedChunk } from '../../../codec/codec.ts';
import type { Clock, Milli } from '../../../time.ts';
import type { Encoding } from '../../pixel.ts';
import type { ArrivedPacket } from '../../transport/transport.ts';
import { LayerRates } from './layer-limit.ts';

/** Keyframes that viewers want are asked of an encoder at most this often, however many want one. */
const KEYFRAME_INTERVAL: Milli = 500;

/** A packet of the watched session's sound, as it came. */
export type Seen = ArrivedPacket;

/** Who is told of all that is encoded: a viewer, or the way to those in another process. None of it may throw. */
export interface Spectator {
  chunk(chunk: EncodedChunk, decodable: Milli, encoding: Encoding): void;
  sound(seen: Seen): void;
  /** The session is over. */
  close(): void;
}

/** Who watches a session. What is encoded goes to all of them as it is; a session without viewers has an empty one. */
export class Audience {
  /** Of the main encoding. */
  readonly rates = new LayerRates();
  readonly #clock: Clock;
  readonly #spectators = new Set<Spectator>();
  readonly #wishes: Readonly<Record<Encoding, KeyframeAsker>>;
  #closed = false;

  /** @param onKeyframeWanted of each encoding at most each 500 ms */
  constructor(clock: Clock, onKeyframeWanted: (encoding: Encoding) => void) {
    this.#clock = clock;
    this.#wishes = {
      main: new KeyframeAsker(clock, () => onKeyframeWanted('main')),
      small: new KeyframeAsker(clock, () => onKeyframeWanted('small')),
    };
  }

  /** One that comes too late is closed. */
  add(spectator: Spectator): void {
    if (this.#closed) spectator.close();
    else this.#spectators.add(spectator);
  }

  delete(spectator: Spectator): void {
    this.#spectators.delete(spectator);
  }

  /** A picture has been encoded. */
  chunk(chunk: EncodedChunk, decodable: Milli, encoding: Encoding = 'main'): void {
    if (this.#spectators.size === 0) return;
    if (encoding === 'main') this.rates.onChunk(chunk, this.#clock.now());
    for (const spectator of this.#spectators) spectator.chunk(chunk, decodable, encoding);
  }

  /** A packet of the session's sound has come. */
  sound(seen: Seen): void {
    for (const spectator of this.#spectators) spectator.sound(seen);
  }

  /** A viewer cannot go on without a keyframe. */
  wantKeyframe(encoding: Encoding = 'main'): void {
    if (!this.#closed) this.#wishes[encoding].want();
  }

  /** The session is over, and with it everybody's watching. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const wish of Object.values(this.#wishes)) wish.close();
    for (const spectator of [...this.#spectators]) spectator.close();
    this.#spectators.clear();
  }
}

/** Asks for a keyframe when one is wanted, but not too often. */
class KeyframeAsker {
  readonly #clock: Clock;
  readonly #ask: () => void;
  #askedAt: Milli = -Infinity;
  #asking: NodeJS.Timeout | undefined;

  constructor(clock: Clock, ask: () => void) {
    this.#clock = clock;
    this.#ask = ask;
  }

  want(): void {
    if (this.#asking !== undefined) return;
    const wait = this.#askedAt + KEYFRAME_INTERVAL - this.#clock.now();
    if (wait <= 0) this.#now();
    else this.#asking = setTimeout(() => this.#now(), wait);
  }

  close(): void {
    clearTimeout(this.#asking);
  }

  #now(): void {
    this.#asking = undefined;
    this.#askedAt = this.#clock.now();
    this.#ask();
  }
}
