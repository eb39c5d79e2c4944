import { describe, expect, it } from 'vitest';
import { Link } from '../../../../test/relay/link.ts';
import { EXTENSION_URI, findExtension } from '../../../rtp/packet/extension.ts';
import { readU16 } from '../../../rtp/packet/bytes.ts';
import { parseRtp } from '../../../rtp/packet/rtp-packet.ts';
import { TwccGenerator } from '../../../rtp/receive/twcc-generator.ts';
import { NtpClock } from '../../../rtp/rtcp/ntp-clock.ts';
import { parseRtcp } from '../../../rtp/rtcp/parse.ts';
import { serializeRtcp } from '../../../rtp/rtcp/serialize.ts';
import { SourceClock } from '../../../rtp/source-clock.ts';
import { VIDEO_CLOCK } from '../../../time.ts';
import { Outbound } from './outbound.ts';

const SEQUENCE_ID = 3;
const SSRC = 0x3000;
const DELAY = 20;
/** On the relay's link a packet is its UDP payload: RTP and the SRTP tag. */
const TAG = 16;

/** An encoder that makes what it is told, and a receiver that tells of every packet, over a way that can be spoiled. */
class Rig {
  readonly down = new Link<Uint8Array>(1, { delay: DELAY });
  readonly up = new Link<Uint8Array>(2, { delay: DELAY });
  readonly outbound: Outbound;
  /** What the encoder was told, and when. */
  readonly told: { readonly at: number; readonly bitrate: number }[] = [];
  readonly keyframesWanted: number[] = [];
  readonly givenUp: string[] = [];
  /** How long pictures took from the encoder until their last packet left. */
  readonly waits: number[] = [];
  /** Payload type and arrival of what came. */
  readonly came: { readonly at: number; readonly payloadType: number }[] = [];
  readonly #generator = new TwccGenerator(9);
  #bitrate: number;
  #now = 0;
  #picture = 0;

  constructor(bitrate = 2_500_000) {
    const codec = { name: 'vp8', payloadType: 96, clockRate: VIDEO_CLOCK, parameters: '' };
    this.outbound = new Outbound({
      send: { codec, ssrc: SSRC, rtxSsrc: 0x3001, rtxPayloadType: 97 },
      codec: 'vp8',
      mid: '1',
      extensions: new Map([[EXTENSION_URI.transportSequence, SEQUENCE_ID]]),
      bitrate,
      clock: new NtpClock(0),
      timeline: new SourceClock().timeline(VIDEO_CLOCK),
      seed: 1,
      onKeyframeWanted: () => this.keyframesWanted.push(this.#now),
      onBitrate: (told) => this.told.push({ at: this.#now, bitrate: (this.#bitrate = told) }),
      onSent: (decodable, now) => this.waits.push(now - decodable),
      onGivenUp: (reason) => this.givenUp.push(reason),
    });
    this.#bitrate = this.outbound.encoderBitrate;
  }

  /** Lets time pass, a millisecond at a time; `pictures` false: the encoder rests. */
  run(duration: number, pictures = true): void {
    for (const end = this.#now + duration; this.#now < end; this.#now++) {
      const now = this.#now;
      if (pictures && now % 33 === 0) this.#encode(now);
      for (const { data } of this.outbound.poll(now)) this.down.push(data, data.length + TAG, 0, now);
      for (const data of this.down.take(now)) this.#receive(data, now);
      for (const each of this.#generator.due(now)) this.up.push(serializeRtcp([each]), 60, 0, now);
      for (const data of this.up.take(now)) for (const each of parseRtcp(data)) this.outbound.onRtcp(each, now);
    }
  }

  /** What the peer asks for. */
  pictureLost(): void {
    this.outbound.onRtcp({ type: 'picture-loss', senderSsrc: 9, mediaSsrc: SSRC }, this.#now);
  }

  missing(lost: readonly number[]): void {
    this.outbound.onRtcp({ type: 'nack', senderSsrc: 9, mediaSsrc: SSRC, lost }, this.#now);
  }

  /** Bits a second that came in the last `duration`. */
  carried(duration: number): number {
    const bytes = this.down.records.filter(({ at, loss }) => !loss && at >= this.#now - duration);
    return (bytes.reduce((sum, { size }) => sum + size, 0) * 8000) / duration;
  }

  #encode(now: number): void {
    const keyframe = this.#picture === 0;
    const size = (this.#bitrate / 8 / 30) * (keyframe ? 4 : 0.8 + 0.4 * ((this.#picture * 7) % 11) * 0.1);
    const timestamp = this.#picture++ * 3000;
    const chunk = { codec: 'vp8', data: new Uint8Array(Math.round(size)), timestamp, keyframe } as const;
    this.outbound.chunk(chunk, now, now);
  }

  #receive(data: Uint8Array, now: number): void {
    const packet = parseRtp(data);
    const at = packet && findExtension(packet, SEQUENCE_ID);
    if (!packet || at === undefined) return;
    this.came.push({ at: now, payloadType: packet.payloadType });
    this.#generator.onPacket(readU16(data, at), now, packet.ssrc);
  }
}

describe('the way out', () => {
  it('has the encoder at the owner’s limit within a second on a clean link, and pictures never wait', () => {
    const rig = new Rig();
    expect(rig.outbound.figures.estimate).toBeUndefined();
    rig.run(1000);
    expect(rig.told.at(-1)?.bitrate).toBe(2_500_000);
    const seen = rig.waits.length;
    rig.run(5000);
    expect(rig.told.at(-1)?.bitrate).toBe(2_500_000);
    expect(Math.max(...rig.waits.slice(seen))).toBeLessThanOrEqual(5);
    expect(rig.outbound.figures.estimate).toBeGreaterThan(2_600_000);
    expect(rig.outbound.takeLoss()).toBe(0);
    // Known from feedback alone: there are no reports here.
    expect(rig.outbound.roundTrip).toBeGreaterThanOrEqual(2 * DELAY);
    expect(rig.outbound.roundTrip).toBeLessThan(2 * DELAY + 33);
  });

  it('fills probes with what has just been sent', () => {
    const rig = new Rig(8_000_000);
    rig.run(1000);
    expect(rig.came.some(({ payloadType }) => payloadType === 97)).toBe(true);
  });

  it('lets the first picture leave in little time', () => {
    const rig = new Rig();
    rig.run(100);
    expect(rig.waits[0]).toBeLessThan(40);
  });

  it('follows a link that becomes narrow, and takes what it carries', () => {
    const rig = new Rig();
    rig.run(5000);
    rig.down.set({ rate: 1000, queue: 500 });
    rig.run(2000);
    expect(rig.told.at(-1)?.bitrate).toBeLessThan(1_000_000);
    rig.run(8000);
    expect(rig.carried(5000)).toBeGreaterThan(750_000);
    expect(rig.carried(5000)).toBeLessThanOrEqual(1_000_000);
    rig.down.set({ rate: Infinity });
    rig.run(10_000);
    expect(rig.told.at(-1)?.bitrate).toBeGreaterThan(0.9 * 2_500_000);
  });

  it('leaves room for its own resends', () => {
    const rig = new Rig();
    rig.run(3000);
    const newest = rig.outbound.figures.packets - 1;
    for (let first = newest - 300; first < newest - 10; first += 10) {
      rig.missing(Array.from({ length: 10 }, (_, index) => first + index));
      rig.run(33);
    }
    expect(rig.outbound.figures.resent).toBeGreaterThan(250);
    expect(rig.told.at(-1)?.bitrate).toBeLessThan(2_400_000);
    rig.run(5000);
    expect(rig.told.at(-1)?.bitrate).toBe(2_500_000);
  });

  it('wants a keyframe as soon as the way is there again, and sends nothing from before', () => {
    const rig = new Rig();
    rig.run(3000);
    const before = rig.keyframesWanted.length;
    rig.down.set({ cut: true });
    rig.up.set({ cut: true });
    rig.run(3000);
    rig.down.set({ cut: false });
    rig.up.set({ cut: false });
    rig.run(500);
    const wanted = rig.keyframesWanted.slice(before);
    // Feedback needs one way there, one back, and its interval.
    expect(wanted.filter((at) => at >= 6000 && at < 6000 + 2 * DELAY + 33 + 60)).toHaveLength(1);
    expect(rig.outbound.figures.queue).toBeLessThan(60);
    rig.run(5000);
    expect(rig.told.at(-1)?.bitrate).toBeGreaterThan(2_000_000);
  });

  it('takes a rest of the encoder for no interruption', () => {
    const rig = new Rig();
    rig.run(2000);
    rig.run(3000, false);
    rig.run(1000);
    expect(rig.keyframesWanted).toEqual([]);
    expect(rig.givenUp).toEqual([]);
  });

  it('asks for one keyframe, however often and by whatever means the peer asks', () => {
    const rig = new Rig();
    rig.run(1000);
    for (let each = 0; each < 5; each++) rig.pictureLost();
    const requests = [{ ssrc: SSRC, sequence: 1 }];
    rig.outbound.onRtcp({ type: 'full-intra-request', senderSsrc: 9, requests }, 1000);
    expect(rig.keyframesWanted).toHaveLength(1);
  });

  it('is told of a lower limit of its owner', () => {
    const rig = new Rig();
    rig.run(2000);
    rig.outbound.bitrate = 400_000;
    rig.run(50);
    expect(rig.told.at(-1)?.bitrate).toBe(400_000);
    rig.run(3000);
    expect(rig.outbound.figures.estimate).toBeLessThanOrEqual(600_000);
  });
});
