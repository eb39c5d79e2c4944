import { describe, expect, it } from 'vitest';
import { EXTENSION_URI, readExtension } from '../packet/extension.ts';
import type { OutgoingPacket } from '../packet/outgoing-packet.ts';
import { parseRtp, type RtpPacket } from '../packet/rtp-packet.ts';
import { NtpClock, ntpMiddle, ntpToMilli } from '../rtcp/ntp-clock.ts';
import type { ReportBlock } from '../rtcp/rtcp-packet.ts';
import { SourceClock } from '../source-clock.ts';
import { TimestampMap } from './timestamp-map.ts';
import { PACKET_LIMIT, VideoSender, type SendChunk, type VideoSenderOptions } from './video-sender.ts';

const CLOCK = new NtpClock(1.764e12);
const IDS = new Map<string, number>([
  [EXTENSION_URI.mid, 4],
  [EXTENSION_URI.transportSequence, 3],
  [EXTENSION_URI.playoutDelay, 6],
]);

function sender(options: Partial<VideoSenderOptions> = {}): VideoSender {
  return new VideoSender({
    codec: 'vp8',
    ssrc: 50,
    payloadType: 96,
    rtx: { ssrc: 51, payloadType: 97 },
    extensions: { ids: IDS, mid: '1' },
    clock: CLOCK,
    seed: 0xffff_ff00,
    ...options,
  });
}

const chunk = (timestamp: number, size = 100): SendChunk => ({
  codec: 'vp8',
  data: new Uint8Array(size).fill(7),
  timestamp,
  keyframe: false,
});

function read(packet: OutgoingPacket | undefined): RtpPacket {
  const parsed = packet && parseRtp(packet.data);
  if (!parsed) throw new Error('no packet');
  return parsed;
}

const nack = (...lost: number[]) => ({ type: 'nack', senderSsrc: 1, mediaSsrc: 50, lost }) as const;

describe('VideoSender', () => {
  it('sends a chunk as packets within the limit, the last one marked, numbered across the wrap', () => {
    const from = sender({ seed: 0x00ff_fe00 });
    const packets = Array.from({ length: 40 }, (_, index) => from.send(chunk(index * 3000, 3000), index * 33))
      .flat()
      .map(read);
    expect(Math.max(...packets.map(({ data }) => data.length)) + 18).toBeLessThanOrEqual(PACKET_LIMIT);
    packets.forEach(({ sequence, marker, ssrc, payloadType }, index) => {
      expect({ sequence, marker, ssrc, payloadType }).toEqual({
        sequence: (0x7ffe + index) & 0xffff,
        marker: index % 3 === 2,
        ssrc: 50,
        payloadType: 96,
      });
    });
  });

  it('carries the negotiated extensions', () => {
    const packet = read(sender().send(chunk(0), 0)[0]);
    expect(readExtension(packet, 4)).toEqual(Uint8Array.of(0x31));
    expect(readExtension(packet, 6)).toBeUndefined();
    expect(readExtension(packet, 3)).toHaveLength(2);
  });

  it('keeps the input timestamps by a constant, never repeating one', () => {
    const from = sender();
    const stamps = [0, 3000, 3000, 2900, 6000].map(
      (timestamp, index) => read(from.send(chunk(timestamp), index * 33)[0]).timestamp,
    );
    expect(stamps.map((timestamp) => (timestamp - 0xffff_ff00) | 0)).toEqual([0, 3000, 3001, 3002, 6000]);
  });

  it('resends by RTX, once in a round trip', () => {
    const from = sender();
    const first = read(from.send(chunk(0, 500), 0)[0]);
    const answer = from.onRtcp(nack(first.sequence, 9), 10);
    expect(answer).toMatchObject({ keyframe: false, resend: [{ urgency: 'resend' }] });
    const resent = read(answer.resend[0]);
    expect(resent).toMatchObject({ ssrc: 51, payloadType: 97, timestamp: first.timestamp, marker: true });
    expect([...resent.payload]).toEqual([first.sequence >> 8, first.sequence & 0xff, ...first.payload]);
    expect(from.onRtcp(nack(first.sequence), 15).resend).toEqual([]);
    expect(read(from.onRtcp(nack(first.sequence), 20).resend[0]).sequence).toBe(resent.sequence + 1);
    expect(from.onRtcp({ ...nack(first.sequence), mediaSsrc: 1 }, 100).resend).toEqual([]);
  });

  it('asks the receiver to wait for resends while much is lost, until a report shows that it was heard', () => {
    const from = sender();
    const delayOf = (packet: OutgoingPacket | undefined) => readExtension(read(packet), 6);
    let sequence = 0;
    for (let frame = 0; frame < 60; frame++) {
      const packets = from.send(chunk(frame * 3000, 8000), frame * 33);
      sequence = read(packets[0]).sequence;
      from.onRtcp(nack(sequence), frame * 33 + 20);
    }
    const { playoutDelay } = from.figures;
    expect(playoutDelay).toBeGreaterThan(0);
    const [first] = from.send(chunk(60 * 3000, 8000), 2000);
    expect(delayOf(first)).toEqual(Uint8Array.of(0, ((playoutDelay / 10) << 4) | (1000 >> 8), 1000 & 0xff));
    const report = {
      ssrc: 50,
      fractionLost: 0,
      cumulativeLost: 0,
      highestSequence: read(first).sequence,
      jitter: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    };
    from.onRtcp({ type: 'receiver-report', ssrc: 1, reports: [report] }, 2010);
    expect(delayOf(from.send(chunk(61 * 3000, 8000), 2033)[0])).toBeUndefined();
    expect(delayOf(from.send({ ...chunk(62 * 3000, 8000), keyframe: true }, 2066)[0])).toBeDefined();
  });

  it('says that a keyframe is wanted where what is asked for is gone', () => {
    const from = sender();
    const sequence = read(from.send(chunk(0), 0)[0]).sequence;
    for (let frame = 1; frame < 100; frame++) from.send(chunk(frame * 3000), frame * 33);
    expect(from.onRtcp(nack(sequence), 3300)).toEqual({ resend: [], keyframe: true });
    expect(from.onRtcp(nack(sequence), 3400)).toEqual({ resend: [], keyframe: false });
  });

  it('resends to the bit what it sent where there is no RTX', () => {
    const from = new VideoSender({ codec: 'vp8', ssrc: 50, payloadType: 96, clock: CLOCK, seed: 1 });
    const [packet] = from.send(chunk(0), 0);
    const [resent] = from.onRtcp(nack(read(packet).sequence), 10).resend;
    expect(resent).toEqual({ data: packet?.data, urgency: 'resend', transportSequenceAt: -1, sendTimeAt: -1 });
  });

  it('passes on requests for a keyframe that are meant for it, each FIR once', () => {
    const from = sender();
    const pli = (mediaSsrc: number) => from.onRtcp({ type: 'picture-loss', senderSsrc: 1, mediaSsrc }, 0).keyframe;
    const fir = (ssrc: number, sequence: number) =>
      from.onRtcp({ type: 'full-intra-request', senderSsrc: 1, requests: [{ ssrc, sequence }] }, 0).keyframe;
    expect([pli(50), pli(51), fir(50, 1), fir(50, 1), fir(50, 2), fir(9, 3)]).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('measures the round trip and reads loss from report blocks', () => {
    const from = sender();
    from.send(chunk(0), 0);
    const block: ReportBlock = {
      ssrc: 50,
      fractionLost: 64,
      cumulativeLost: 1,
      highestSequence: 1,
      jitter: 0,
      lastSenderReport: ntpMiddle(CLOCK.at(1000)),
      delaySinceLastSenderReport: 0.5 * 65_536,
    };
    expect(from.onRtcp({ type: 'receiver-report', ssrc: 1, reports: [block] }, 1580)).toMatchObject({
      fractionLost: 0.25,
    });
    expect(from.roundTrip).toBeCloseTo(80, 1);
    from.onRtcp({ type: 'receiver-report', ssrc: 1, reports: [{ ...block, lastSenderReport: 12_345 }] }, 1700);
    expect(from.roundTrip).toBeCloseTo(80, 1);
  });

  it('reports what it sent, and its media clock at the very instant', () => {
    const from = sender();
    expect(from.report(0)).toBeUndefined();
    const size = from.send(chunk(90_000, 3000), 1000).length;
    expect(from.report(1500)).toMatchObject({
      ssrc: 50,
      ntp: CLOCK.at(1500),
      rtpTimestamp: (90_000 + 45_000 + 0xffff_ff00) % 2 ** 32,
      packetCount: size,
      octetCount: 3000 + size * 4,
    });
  });

  it('keeps sound and picture of the source in step in its reports', () => {
    const source = new SourceClock();
    const [video, audio] = [source.timeline(90_000), source.timeline(48_000)];
    const from = sender({ timeline: video });
    from.send(chunk(0), 100);
    // Video comes 80 ms after capture, audio 20 ms; the source's own reports say what belongs together.
    video.onPacket(0, 80);
    audio.onPacket(0, 20);
    expect(video.ticksAt(1080)).toBe(90_000);
    const ntp = (at: number) => new NtpClock(5e11).at(at);
    video.onSenderReport(ntp(0), 0, 40);
    expect(video.ticksAt(1080)).toBe(90_000);
    audio.onSenderReport(ntp(500), 24_000, 520);
    expect(video.ticksAt(1020)).toBe(90_000);
    expect(audio.ticksAt(1020)).toBe(48_000);
    expect(from.report(1020)?.rtpTimestamp).toBe((90_000 + 0xffff_ff00) % 2 ** 32);
    expect(ntpToMilli(ntp(500)) - ntpToMilli(ntp(0))).toBeCloseTo(500, 3);
  });
});

describe('TimestampMap', () => {
  it('adds a constant across the wrap', () => {
    const map = new TimestampMap(90_000, 1000);
    expect([0xffff_fff0, 2984].map((input, index) => map.map(input, index * 33.3))).toEqual([984, 3984]);
  });

  it('goes on in time when the source starts anew or its clock jumps, and stays there', () => {
    const map = new TimestampMap(90_000, 0);
    const outputs = [
      map.map(0, 0),
      map.map(3000, 33),
      map.map(0x8000_0000, 67),
      map.map(0x8000_0bb8, 100),
      map.map(5, 10_100),
      map.map(3005, 10_133),
    ];
    expect(outputs).toEqual([0, 3000, 6060, 9060, 909_060, 912_060]);
  });

  it('leaves a pause alone in which the source kept counting', () => {
    const map = new TimestampMap(90_000, 0);
    map.map(0, 0);
    expect(map.map(900_000, 10_000)).toBe(900_000);
  });
});
