import type { EncodedChunk } from '../../codec/codec.ts';
import type { AskedTimeline } from '../../rtp/source-clock.ts';
import { Audience, type Seen } from '../../session/io/viewers/audience.ts';
import type { Watched } from '../../session/io/viewers/viewer.ts';
import { addTicks, AUDIO_CLOCK, VIDEO_CLOCK, type Clock, type Milli } from '../../time.ts';
import type { ClockSample, FedSessionOptions } from '../wire/feed-protocol.ts';

/** A session of another media worker, as far as it is watched from here. Owns its audience. */
export class FedSession {
  readonly watched: Watched;
  readonly #audience: Audience;
  /** All processes of a host have one clock, so that a sample of theirs holds here. */
  #sample: ClockSample | undefined;

  /** @param onKeyframeWanted at most each 500 ms */
  constructor(
    { codec, bitrate, soundType }: FedSessionOptions,
    { clock, onKeyframeWanted }: { readonly clock: Clock; readonly onKeyframeWanted: () => void },
  ) {
    this.#audience = new Audience(clock, onKeyframeWanted);
    this.watched = {
      audience: this.#audience,
      small: undefined,
      codec,
      bitrate,
      video: this.#timeline('video', VIDEO_CLOCK),
      audio: this.#timeline('audio', AUDIO_CLOCK),
      soundType: soundType ?? undefined,
    };
  }

  chunk(chunk: EncodedChunk, times: { readonly decodable: Milli; readonly clock: ClockSample }): void {
    this.#sample = times.clock;
    this.#audience.chunk(chunk, times.decodable);
  }

  sound(seen: Seen): void {
    this.#audience.sound(seen);
  }

  /** The session is over, or nobody watches it from here any more. Idempotent. */
  close(): void {
    this.#audience.close();
  }

  #timeline(line: 'video' | 'audio', clockRate: number): AskedTimeline {
    return {
      ticksAt: (now) => {
        const ticks = this.#sample?.[line] ?? undefined;
        if (this.#sample === undefined || ticks === undefined) return undefined;
        return addTicks(ticks, Math.round(((now - this.#sample.at) * clockRate) / 1000));
      },
      ntpAt: (now) => {
        const ntp = this.#sample?.ntp ?? undefined;
        return this.#sample === undefined || ntp === undefined ? undefined : ntp + now - this.#sample.at;
      },
    };
  }
}
