import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { NtpClock, ntpMiddle, ntpToMilli } from './ntp-clock.ts';
import { parseRtcp } from './parse.ts';
import { NOT_RECEIVED, type ReportBlock, type RtcpPacket, type TransportFeedback } from './rtcp-packet.ts';
import { serializeRtcp } from './serialize.ts';

const block: ReportBlock = {
  ssrc: 0xdeadbeef,
  fractionLost: 255,
  cumulativeLost: -3,
  highestSequence: 0x0001_ffff,
  jitter: 0xffff_fff0,
  lastSenderReport: 0x89abcdef,
  delaySinceLastSenderReport: 65_536,
};

function feedback(arrivals: number[], baseSequence = 65_530): TransportFeedback {
  return {
    type: 'transport-feedback',
    senderSsrc: 1,
    mediaSsrc: 2,
    baseSequence,
    feedbackCount: 255,
    referenceTime: 0xff_ffff,
    arrivals: Int32Array.from(arrivals),
  };
}

const PACKETS: RtcpPacket[] = [
  {
    type: 'sender-report',
    ssrc: 1,
    ntp: { high: 0xe5f0_0000, low: 0x8000_0001 },
    rtpTimestamp: 0xffff_ffff,
    packetCount: 5,
    octetCount: 6000,
    reports: [block],
  },
  { type: 'receiver-report', ssrc: 1, reports: [block, { ...block, cumulativeLost: 0x7f_ffff }] },
  {
    type: 'source-description',
    names: [
      { ssrc: 1, cname: 'guise' },
      { ssrc: 2, cname: 'äb' },
      { ssrc: 3, cname: '' },
    ],
  },
  { type: 'bye', ssrcs: [1, 0xffff_ffff] },
  { type: 'nack', senderSsrc: 1, mediaSsrc: 2, lost: [65_534, 65_535, 0, 14, 15, 16, 400, 400] },
  { type: 'picture-loss', senderSsrc: 1, mediaSsrc: 2 },
  { type: 'full-intra-request', senderSsrc: 1, requests: [{ ssrc: 7, sequence: 255 }] },
  { type: 'bitrate-estimate', senderSsrc: 1, bitsPerSecond: 2_500_096, ssrcs: [1, 2] },
  feedback([0, 1, NOT_RECEIVED, 300, 299, NOT_RECEIVED, 299 + 0x7fff]),
];

describe('RTCP', () => {
  it.each(PACKETS)('reads back what it writes: $type', (packet) => {
    const bytes = serializeRtcp([packet]);
    expect(bytes.length % 4).toBe(0);
    expect(parseRtcp(bytes)).toEqual([packet]);
  });

  it('reads a compound in order and passes over what it does not know', () => {
    const application = Uint8Array.of(0x80, 204, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4);
    const bytes = new Uint8Array([
      ...serializeRtcp(PACKETS.slice(0, 5)),
      ...application,
      ...serializeRtcp(PACKETS.slice(5)),
    ]);
    expect(parseRtcp(bytes)).toEqual(PACKETS);
  });

  it('writes a picture loss indication as RFC 4585 draws it', () => {
    expect([...serializeRtcp([{ type: 'picture-loss', senderSsrc: 1, mediaSsrc: 0x01020304 }])]).toEqual([
      0x81, 206, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4,
    ]);
  });

  it('reads feedback in both kinds of status vector and in runs', () => {
    // prettier-ignore
    const body = [0x8f, 205, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 5, 0, 20, 0, 0, 1, 9,
      0b0000_0000, 2, 0b1010_0000, 0, 0b1101_1000, 0, 10, 20, 0xff, 0xff, 0, 0];
    expect(parseRtcp(Uint8Array.from(body))).toMatchObject([
      { baseSequence: 5, referenceTime: 1, feedbackCount: 9, arrivals: { length: 20 } },
    ]);
    const [parsed] = parseRtcp(Uint8Array.from(body)) as [TransportFeedback];
    const received = [...parsed.arrivals]
      .map((ticks, index) => [index, ticks])
      .filter(([, ticks]) => ticks !== NOT_RECEIVED);
    expect(received).toEqual([
      [2, 10],
      [16, 30],
      [17, 29],
    ]);
  });

  it('refuses feedback that claims more packets than any sender sends', () => {
    const runs = [0x3f, 0xff, 0x3f, 0xff, 0x3f, 0xff, 0x3f, 0xff];
    const bomb = [0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0x7f, 0xfc, 0, 0, 1, 9, ...runs];
    expect(parseRtcp(Uint8Array.from(bomb))).toEqual([]);
  });

  it('packs long runs and mixtures of any status alike', () => {
    const random = new Random(11);
    for (let round = 0; round < 200; round++) {
      let time = random.below(256);
      const mood = random.next();
      const arrivals = Array.from({ length: 1 + random.below(300) }, () => {
        if (random.next() < mood * 0.5) return NOT_RECEIVED;
        time += random.next() < mood * 0.2 ? random.below(4000) - 2000 : random.below(30);
        return time;
      });
      const packet = feedback(arrivals, random.below(65_536));
      expect(parseRtcp(serializeRtcp([packet]))).toEqual([packet]);
    }
  });

  it('never throws at 2,000 mutated compounds', () => {
    const random = new Random(5);
    const seeds = PACKETS.map((packet) => serializeRtcp([packet]));
    for (let round = 0; round < 2000; round++) {
      const seed = seeds[random.below(seeds.length)] as Uint8Array;
      const bytes = seed.slice(0, random.next() < 0.7 ? seed.length : random.below(seed.length));
      for (let flips = random.below(5); flips > 0; flips--) bytes[random.below(bytes.length + 1)] = random.below(256);
      for (const packet of parseRtcp(bytes)) expect(packet.type).toBeTruthy();
    }
    for (let round = 0; round < 2000; round++) {
      parseRtcp(Uint8Array.from({ length: random.below(200) }, (_, at) => (at % 4 === 0 ? 0x8f : random.below(256))));
    }
  });
});

describe('NtpClock', () => {
  it('counts from 1900 with a true binary fraction', () => {
    const clock = new NtpClock(1_700_000_000_000);
    expect(clock.at(250.5)).toEqual({ high: 1_700_000_000 + 2_208_988_800, low: Math.floor(0.2505 * 2 ** 32) });
    expect(ntpMiddle({ high: 0x1234_5678, low: 0x9abc_def0 })).toBe(0x5678_9abc);
  });

  it('goes on evenly: differences are those of the monotonic clock', () => {
    const clock = new NtpClock(1_764_000_000_123.4);
    expect(ntpToMilli(clock.at(5000.25)) - ntpToMilli(clock.at(1000))).toBeCloseTo(4000.25, 3);
  });
});
