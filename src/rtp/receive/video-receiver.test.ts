import { describe, expect, it } from 'vitest';
import { packetsOf, picture, pushAll, receiver, seconds, sender } from '../../../test/support/rtp-ends.ts';
import type { Chunk } from '../../media/chunk.ts';
import { EXTENSION_URI } from '../packet/extension.ts';
import { HeaderTemplate } from '../packet/header-template.ts';
import { parseRtp, type RtpPacket } from '../packet/rtp-packet.ts';
import { VideoReceiver, type Received } from './video-receiver.ts';

const kinds = ({ feedback }: Received) => feedback.map(({ type }) => type);

describe('VideoReceiver', () => {
  it('gives chunks with the bytes that were sent, their arrival and that they are referred to', () => {
    const [from, to] = [sender(), receiver()];
    const first = picture(1, 5000, true);
    const second = picture(2, 2500);
    expect(pushAll(to, packetsOf(from, first), 7)).toMatchObject([
      { codec: 'vp8', data: first.data, keyframe: true, decodable: 7, referenced: true },
    ]);
    const packets = packetsOf(from, second, 33);
    expect(packets).toHaveLength(3);
    const arrivals = packets.flatMap((data, index) => [...to.push(data, 40 + index).chunks]);
    expect(arrivals).toMatchObject([{ data: second.data, keyframe: false, decodable: 42 }]);
    expect(arrivals[0]?.timestamp).toBe(second.timestamp + 0x00ff_f500);
  });

  it('puts packets back in order, whole frames too, and dates a chunk by the packet it waited for', () => {
    const [from, to] = [sender(), receiver()];
    pushAll(to, packetsOf(from, picture(0, 3000, true)), 0);
    const second = packetsOf(from, picture(1, 3000), 33);
    const third = packetsOf(from, picture(2, 3000), 66);
    expect(pushAll(to, [...third, second[2], second[0]] as Uint8Array[], 70)).toEqual([]);
    const chunks = to.push(second[1] as Uint8Array, 75).chunks;
    expect(chunks.map(({ data }) => data)).toEqual([picture(1, 3000).data, picture(2, 3000).data]);
    expect(chunks.map(({ decodable }) => decodable)).toEqual([75, 75]);
  });

  it('removes duplicates, resent ones too', () => {
    const [from, to] = [sender(), receiver()];
    const packets = packetsOf(from, picture(0, 3000, true));
    const lost = packets.map((data) => (parseRtp(data) as RtpPacket).sequence);
    const { resend } = from.onRtcp({ type: 'nack', senderSsrc: 1, mediaSsrc: 50, lost }, 1);
    const chunks = pushAll(to, [...packets, ...packets, ...resend.map(({ data }) => data)], 5);
    expect(chunks).toHaveLength(1);
    expect(to.figures).toMatchObject({ duplicates: 6, recovered: 0 });
  });

  it('fills a hole by RTX, and nothing of what follows comes before', () => {
    const [from, to] = [sender(), receiver()];
    pushAll(to, packetsOf(from, picture(0, 100, true)), 0);
    const [head = new Uint8Array(), hole = new Uint8Array(), ...rest] = packetsOf(from, picture(1, 4000), 33);
    const later = [head, ...rest, ...packetsOf(from, picture(2, 100), 40)].map((data) => to.push(data, 40));
    expect(later.flatMap(({ chunks }) => chunks)).toEqual([]);
    const [asked, ...more] = [...later, to.poll(46)].flatMap(({ feedback }) => feedback);
    expect([asked, ...more]).toEqual([
      { type: 'nack', senderSsrc: 1, mediaSsrc: 50, lost: [(parseRtp(hole) as RtpPacket).sequence] },
    ]);
    const { resend } = from.onRtcp(asked as never, 60);
    expect(
      pushAll(
        to,
        resend.map(({ data }) => data),
        75,
      ),
    ).toMatchObject([
      { data: picture(1, 4000).data, decodable: 75 },
      { data: picture(2, 100).data, decodable: 75 },
    ]);
    expect(to.figures).toMatchObject({ recovered: 1, drops: { lost: 0 } });
  });

  it('starts on a delta frame by asking for a keyframe at once, and gives nothing before it', () => {
    const [from, to] = [sender(), receiver()];
    const results = packetsOf(from, picture(5, 2000)).map((data) => to.push(data, 0));
    expect(results.map(kinds)).toEqual([['picture-loss'], []]);
    expect(pushAll(to, packetsOf(from, picture(6, 2000)), 33)).toEqual([]);
    expect(pushAll(to, packetsOf(from, picture(7, 2000, true)), 66)).toHaveLength(1);
    expect(to.figures.drops).toEqual({ lost: 0, broken: 0, 'awaiting-keyframe': 2 });
    expect(to.nextAt).toBe(Infinity);
  });

  it('asks for a keyframe after a hole that is not filled, each 500 ms, and goes on from it', () => {
    const [from, to] = [sender(), receiver()];
    const given: Chunk[] = [];
    const requests: number[] = [];
    const react = (received: Received, now: number) => {
      given.push(...received.chunks);
      if (kinds(received).includes('picture-loss')) requests.push(Math.round(now));
    };
    for (let index = 0; index < 60; index++) {
      const now = seconds(index);
      packetsOf(from, picture(index, 2000, index === 0 || index === 45), now).forEach((data, at) => {
        if (index !== 10 || at !== 1) react(to.push(data, now), now);
      });
      for (let tick = now; tick < seconds(index + 1); tick += 5) react(to.poll(tick), tick);
    }
    expect(given.map(({ data }) => data)).toEqual(
      [...Array(10).keys(), ...Array.from({ length: 15 }, (_, at) => 45 + at)].map(
        (index) => picture(index, 2000, index === 0 || index === 45).data,
      ),
    );
    expect(requests).toHaveLength(2);
    expect((requests[1] ?? 0) - (requests[0] ?? 0)).toBeGreaterThanOrEqual(500);
    expect(requests[0]).toBeGreaterThan(333 + 600);
    expect(requests[0]).toBeLessThan(333 + 650);
    expect(to.figures.drops).toEqual({ lost: 1, broken: 0, 'awaiting-keyframe': 34 });
  });

  it('jumps to a keyframe behind a hole without waiting for the resend', () => {
    const [from, to] = [sender(), receiver()];
    pushAll(to, packetsOf(from, picture(0, 100, true)), 0);
    packetsOf(from, picture(1, 100), 33);
    const chunks = pushAll(to, packetsOf(from, picture(2, 3000, true), 66), 66);
    expect([...chunks, ...to.poll(78).chunks]).toMatchObject([{ data: picture(2, 3000, true).data, decodable: 66 }]);
  });

  it('takes no packet without payload for a hole, between frames or inside one', () => {
    const to = receiver();
    const template = new HeaderTemplate({ ssrc: 50, payloadType: 96 });
    const padding = (sequence: number) => {
      const { data } = template.packet({ marker: false, sequence, timestamp: 0 }, [Uint8Array.of(0, 0, 3)], 'video');
      data[0] = 0xa0;
      return data;
    };
    const media = (sequence: number, timestamp: number, marker: boolean, ...payload: number[]) =>
      template.packet({ marker, sequence, timestamp }, [Uint8Array.from(payload)], 'video').data;
    const key = [0x10, 0x10, 0, 0, 0x9d, 1, 0x2a, 1, 0, 1, 0];
    const packets = [
      media(65_534, 1, true, ...key),
      padding(65_535),
      padding(0),
      media(1, 2, false, 0x10, 1, 2),
      padding(2),
    ];
    packets.push(media(3, 2, true, 0, 3), media(4, 3, true, 0x10, 1, 4, 5));
    expect(pushAll(to, packets, 0).map(({ timestamp }) => timestamp)).toEqual([1, 2, 3]);
    expect(to.nextAt).toBe(Infinity);
  });

  it('goes on after ten seconds of nothing', () => {
    const [from, to] = [sender(), receiver()];
    pushAll(to, packetsOf(from, picture(0, 100, true)), 0);
    for (let now = 0; now < 10_000; now += 10) expect(to.poll(now).feedback).toEqual([]);
    expect(pushAll(to, packetsOf(from, picture(1, 100), 10_000), 10_000)).toHaveLength(1);
  });

  it('follows a source that gets another SSRC, and ignores stragglers of the old one', () => {
    const [old, anew, to] = [sender(), sender({ ssrc: 900, seed: 5 }), receiver()];
    pushAll(to, packetsOf(old, picture(0, 100, true)), 0);
    const straggler = packetsOf(old, picture(1, 100), 33);
    expect(to.push(packetsOf(anew, picture(9, 100), 40)[0] as Uint8Array, 40).feedback).toMatchObject([
      { type: 'picture-loss', mediaSsrc: 900 },
    ]);
    expect(pushAll(to, straggler, 41)).toEqual([]);
    expect(pushAll(to, packetsOf(anew, picture(10, 100, true), 70), 70)).toHaveLength(1);
    expect(to.report(80)).toMatchObject({ ssrc: 900, cumulativeLost: 0 });
  });

  it('follows a source that counts anew, and one that jumps in time', () => {
    const [from, again, to] = [sender(), sender({ seed: 0x4444_4444 }), receiver()];
    pushAll(to, packetsOf(from, picture(0, 100, true)), 0);
    pushAll(to, packetsOf(from, { ...picture(1, 100), timestamp: 0x9000_0000 }, 20_000), 20_000);
    expect(to.figures.chunks).toBe(2);
    const packets = [picture(5, 100), picture(6, 3000), picture(7, 3000, true)].flatMap((chunk) =>
      packetsOf(again, chunk),
    );
    expect(pushAll(to, packets, 30_000)).toMatchObject([{ data: picture(7, 3000, true).data }]);
  });

  it('follows a change of codec where it begins with a keyframe', () => {
    const [from, other, to] = [sender(), sender({ payloadType: 102, rtx: false }), receiver()];
    pushAll(to, packetsOf(from, picture(0, 100, true)), 0);
    const last = parseRtp(packetsOf(from, picture(1, 100))[0] as Uint8Array) as RtpPacket;
    pushAll(to, [last.data], 1);
    const annexB = [0, 0, 0, 1, 0x67, 0x42, 0, 31, 0xda, 0, 0, 0, 1, 0x68, 0xce, 1, 0, 0, 0, 1, 0x65, 0x88, 1];
    const delta = [0, 0, 0, 1, 0x41, 0x9a, 1];
    const sent = [delta, annexB, delta].flatMap((bytes, index) =>
      packetsOf(other, { codec: 'h264', data: Uint8Array.from(bytes), timestamp: index * 3000, keyframe: false }),
    );
    sent.forEach((data, index) => new DataView(data.buffer, data.byteOffset).setUint16(2, last.sequence + 1 + index));
    expect(pushAll(to, sent, 40).map(({ codec, keyframe }) => [codec, keyframe])).toEqual([
      ['h264', true],
      ['h264', false],
    ]);
  });

  it('calls a frame broken that contradicts its format, and asks for a keyframe', () => {
    const [from, to] = [sender(), receiver()];
    pushAll(to, packetsOf(from, picture(0, 100, true)), 0);
    const [packet = new Uint8Array()] = packetsOf(from, picture(1, 100), 33);
    packet[12] = 0x00;
    expect(kinds(to.push(packet, 33))).toEqual(['picture-loss']);
    expect(to.figures.drops.broken).toBe(1);
  });

  it('reads how the picture is to be turned from the last packet of a frame', () => {
    const to = receiver(new Map([[EXTENSION_URI.videoOrientation, 4]]));
    const data = Uint8Array.of(
      ...[0x90, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 50, 0xbe, 0xde, 0, 1, 0x40, 0x01, 0, 0],
      ...[0x10, 0x10, 0, 0, 0x9d, 1, 0x2a, 1, 0, 1, 0],
    );
    expect(to.push(data, 0).chunks).toMatchObject([{ rotation: 1 }]);
  });

  it('answers a decoder that lost its place with at most one request each 500 ms', () => {
    const [from, to] = [sender(), receiver()];
    pushAll(to, packetsOf(from, picture(0, 100, true)), 0);
    expect(kinds(to.requestKeyframe(100))).toEqual(['picture-loss']);
    pushAll(to, packetsOf(from, picture(1, 100), 133), 133);
    expect(kinds(to.requestKeyframe(200))).toEqual([]);
    expect(to.nextAt).toBe(600);
    expect(kinds(to.poll(600))).toEqual(['picture-loss']);
  });

  it('asks by full intra request, each a new one, where the peer knows no other way', () => {
    const to = new VideoReceiver({
      receive: [{ name: 'vp8', payloadType: 96, parameters: '' }],
      extensions: new Map(),
      senderSsrc: 1,
      keyframeRequest: 'full-intra-request',
    });
    const from = sender();
    const asked = [0, 600].map((now) => packetsOf(from, picture(now, 100), now).map((data) => to.push(data, now)));
    expect(asked.flat().flatMap(({ feedback }) => feedback)).toEqual(
      [0, 1].map((sequence) => ({ type: 'full-intra-request', senderSsrc: 1, requests: [{ ssrc: 50, sequence }] })),
    );
  });

  it('ignores formats that were not negotiated and bytes that are no packets', () => {
    const to = receiver();
    expect(to.push(Uint8Array.of(1, 2, 3), 0)).toEqual({ chunks: [], feedback: [] });
    expect(to.push(Uint8Array.of(0x80, 99, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5), 0).chunks).toEqual([]);
    expect(to.push(Uint8Array.of(0x80, 97, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5), 0).chunks).toEqual([]);
    expect(to.ssrc).toBeUndefined();
  });
});
