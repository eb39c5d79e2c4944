/**
 * What a codec must do to be offered for sending. SEND_CODECS is what this suite runs: a codec that is put there without
 * holding to it fails here.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { movingPicture, psnr } from '../../test/support/moving-picture.ts';
import { SEND_CODECS, type SendCodec } from '../media/chunk.ts';
import type { EncodedChunk, Encoder, EncoderSettings } from './codec.ts';
import { createDecoder } from './decoder.ts';
import { createEncoder } from './encoder.ts';
import { WorkPicture } from './work-picture.ts';

const CLOCK = 90_000;

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

/** An encoder that is fed a moving picture, frame after frame. It is planned for 30 a second, whatever comes. */
class Feed {
  readonly #encoder: Encoder;
  readonly #work = new WorkPicture();
  /** Pictures a second. */
  frameRate = 30;
  #width: number;
  #height: number;
  #index = 0;

  constructor(codec: SendCodec, settings: EncoderSettings, [width, height]: readonly [number, number]) {
    this.#encoder = createEncoder(codec, settings);
    this.#width = width;
    this.#height = height;
    opened.push(this.#encoder, this.#work);
  }

  resize(width: number, height: number): void {
    [this.#width, this.#height] = [width, height];
  }

  setBitrate(bitsPerSecond: number): void {
    this.#encoder.setBitrate(bitsPerSecond);
  }

  next(keyframe = false): EncodedChunk {
    const index = this.#index++;
    this.#work.load(movingPicture(this.#width, this.#height, index));
    return this.#encoder.encode(this.#work, { keyframe, timestamp: (index * CLOCK) / this.frameRate });
  }

  seconds(count: number): EncodedChunk[] {
    return Array.from({ length: count * this.frameRate }, () => this.next());
  }
}

const bits = ({ data }: EncodedChunk) => data.byteLength * 8;
const rate = (chunks: readonly EncodedChunk[], seconds: number) =>
  chunks.reduce((sum, chunk) => sum + bits(chunk), 0) / seconds;

/** Each codec as it is sent, with every number of temporal layers that it can have. */
const CASES = SEND_CODECS.flatMap((codec) =>
  (codec === 'h264' ? ([1] as const) : ([1, 2, 3] as const)).map((layers) => [codec, layers] as const),
);

describe.each(CASES)('%s with %i temporal layers', (codec, temporalLayers) => {
  it('follows a new rate within two seconds to 10 %, without a keyframe', ({ annotate }) => {
    const feed = new Feed(codec, { bitrate: 2_000_000, temporalLayers }, [640, 360]);
    const figures: string[] = [];
    let first = true;
    for (const target of [2_000_000, 500_000, 3_000_000, 1_000_000]) {
      feed.setBitrate(target);
      const early = feed.seconds(2);
      const late = feed.seconds(2);
      const share = rate(late, 2) / target;
      figures.push(`${target / 1000}: ${Math.round(rate(early, 2) / 1000)} | ${Math.round(rate(late, 2) / 1000)}`);
      expect(share).toBeGreaterThan(0.9);
      expect(share).toBeLessThan(1.1);
      expect([...early.slice(first ? 1 : 0), ...late].some(({ keyframe }) => keyframe)).toBe(false);
      first = false;
    }
    void annotate(`kbit/s in the first and second 2 s after the change to ${figures.join(', ')}`);
  });

  it('gives each picture at once and close to it, and a keyframe where one is asked for', () => {
    const feed = new Feed(codec, { bitrate: 1_000_000, temporalLayers }, [320, 240]);
    const decoder = createDecoder(codec);
    const work = new WorkPicture();
    opened.push(decoder, work);
    for (let index = 0; index < 24; index++) {
      const asked = index === 7 || index === 8 || index === 18;
      const chunk = feed.next(asked);
      expect(chunk.keyframe).toBe(asked || index === 0);
      expect(chunk.timestamp).toBe(index * 3000);
      expect(decoder.decode({ ...chunk, decodable: 0, referenced: true }).kind).toBe('picture');
      decoder.copyTo(work);
      expect(psnr(work.picture, movingPicture(320, 240, index))).toBeGreaterThan(29);
    }
  });

  it('begins another size with a keyframe', () => {
    const feed = new Feed(codec, { bitrate: 1_000_000, temporalLayers }, [320, 240]);
    feed.seconds(0.2);
    feed.resize(480, 270);
    expect([feed.next(), feed.next(), feed.next()].map(({ keyframe }) => keyframe)).toEqual([true, false, false]);
  });

  it.for([30, 20, 15])('keeps a keyframe under 250 ms of the rate at %i frames a second', (frameRate, { annotate }) => {
    for (const bitrate of [300_000, 1_200_000]) {
      const feed = new Feed(codec, { bitrate, temporalLayers }, [640, 360]);
      feed.frameRate = frameRate;
      const keyframes = [feed.next(), ...feed.seconds(0.6), feed.next(true), ...feed.seconds(0.4), feed.next(true)];
      const longest = Math.max(...keyframes.filter(({ keyframe }) => keyframe).map(bits)) / bitrate;
      void annotate(`${bitrate / 1000} kbit/s: ${Math.round(longest * 1000)} ms`);
      expect(longest).toBeLessThan(0.25);
    }
  });
});
