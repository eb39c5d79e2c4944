import type { EncodedChunk } from '../../codec/codec.ts';
import type { Seen, Spectator } from '../../session/io/viewers/audience.ts';
import type { Encoding } from '../../session/pixel.ts';
import type { Watched } from '../../session/io/viewers/viewer.ts';
import type { Clock, Milli } from '../../time.ts';
import type { Channel } from '../wire/channel.ts';
import type { ClockSample, FedChunk, FedSessionOptions } from '../wire/feed-protocol.ts';

/**
 * The way from a session to those who watch it in other media workers: one for all of them. What the wire has no room for
 * is dropped here, up to the next keyframe, so that the session never waits.
 */
export class SessionFeed implements Spectator {
  readonly #session: string;
  readonly #watched: Watched;
  readonly #channel: Pick<Channel, 'notifyIfRoom'>;
  readonly #clock: Clock;
  #awaitsKeyframe = true;

  constructor(
    session: string,
    parts: { readonly watched: Watched; readonly channel: Pick<Channel, 'notifyIfRoom'>; readonly clock: Clock },
  ) {
    this.#session = session;
    this.#watched = parts.watched;
    this.#channel = parts.channel;
    this.#clock = parts.clock;
    parts.watched.audience.add(this);
  }

  /** What is to be known of the session at the other end. */
  get options(): FedSessionOptions {
    const { codec, bitrate, soundType = null } = this.#watched;
    return { codec, bitrate, soundType };
  }

  chunk({ data, ...head }: EncodedChunk, decodable: Milli, encoding: Encoding): void {
    // The small encoding is for those who watch from here.
    if (encoding === 'small') return;
    if (this.#awaitsKeyframe && !head.keyframe) return;
    const body: FedChunk = { session: this.#session, ...head, decodable, clock: this.#sample() };
    this.#awaitsKeyframe = !this.#channel.notifyIfRoom({ type: 'chunk', body, payload: [data] });
    if (this.#awaitsKeyframe) this.#watched.audience.wantKeyframe();
  }

  sound({ data, arrived }: Seen): void {
    this.#channel.notifyIfRoom({ type: 'sound', body: { session: this.#session, arrived }, payload: [data] });
  }

  /** Idempotent; also when nobody watches from elsewhere any more. */
  close(): void {
    this.#watched.audience.delete(this);
  }

  #sample(): ClockSample {
    const { video, audio } = this.#watched;
    const at = this.#clock.now();
    return {
      at,
      video: video.ticksAt(at) ?? null,
      audio: audio?.ticksAt(at) ?? null,
      ntp: video.ntpAt(at) ?? null,
    };
  }
}
