/** H.264 as encoders make it: real access units, laid out in every way that RFC 6184's modes 0 and 1 have. */
import { Codec, CodecContext, Packet, Rational } from 'node-av/lib';
import { AV_PICTURE_TYPE_I, AV_PICTURE_TYPE_NONE, AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { describe, expect, it } from 'vitest';
import { movingPicture, psnr } from '../../../../test/support/moving-picture.ts';
import { createDecoder } from '../../../codec/decoder.ts';
import { createEncoder } from '../../../codec/encoder.ts';
import { WorkPicture } from '../../../codec/work-picture.ts';
import { VideoReceiver } from '../../receive/video-receiver.ts';
import { NtpClock } from '../../rtcp/ntp-clock.ts';
import { PACKET_LIMIT, VideoSender } from '../../send/video-sender.ts';
import { nalLimit } from '../create-packetizer.ts';
import { joinPieces } from '../join.ts';
import { H264Depacketizer } from './h264-depacketizer.ts';
import { NAL, nalType, splitAnnexB } from './h264-nal.ts';
import { H264Packetizer } from './h264-packetizer.ts';

const SIZE = [640, 360] as const;

/** Access units with `slices` slices a picture; an IDR at 0 and 4. */
function sliced(slices: number): Uint8Array[] {
  const found = Codec.findEncoderByName('libx264' as never)!;
  const context = new CodecContext();
  context.allocContext3(found);
  [context.width, context.height] = SIZE;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = new Rational(1, 30);
  context.maxBFrames = 0;
  context.threadCount = 1;
  const options = { preset: 'ultrafast', tune: 'zerolatency', profile: 'baseline', 'forced-idr': '1', crf: '24' };
  for (const [name, value] of Object.entries(options)) context.setOption(name, value);
  context.setOption('x264-params', `slices=${slices}`);
  expect(context.open2Sync(found, null)).toBe(0);
  const work = new WorkPicture();
  const packet = new Packet();
  packet.alloc();
  const units = Array.from({ length: 6 }, (_, index) => {
    work.load(movingPicture(...SIZE, index));
    work.native.pts = BigInt(index);
    work.native.pictType = index === 4 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    context.sendFrameSync(work.native);
    expect(context.receivePacketSync(packet)).toBe(0);
    const unit = new Uint8Array(packet.data!);
    packet.unref();
    return unit;
  });
  packet.free();
  context.freeContext();
  work.close();
  return units;
}

/** Decodes what comes out, and compares it with what went in. */
function expectPictures(frames: readonly { data: Uint8Array; keyframe: boolean }[]): void {
  const decoder = createDecoder('h264');
  const work = new WorkPicture();
  frames.forEach(({ data, keyframe }, index) => {
    const chunk = { codec: 'h264', data, keyframe, timestamp: 0, decodable: 0, referenced: true } as const;
    expect(decoder.decode(chunk).kind).toBe('picture');
    decoder.copyTo(work);
    expect(psnr(work.picture, movingPicture(...SIZE, index))).toBeGreaterThan(28);
  });
  decoder.close();
  work.close();
}

const isSet = (nal: Uint8Array) =>
  [NAL.sequenceParameters, NAL.pictureParameters].some((type) => type === nalType(nal));

describe.each([0, 1] as const)('packetization mode %i', (mode) => {
  it('carries IDRs of several slices, each slice in packets of its own', () => {
    const units = sliced(4);
    expect(splitAnnexB(units[4]!).filter((nal) => nalType(nal) === NAL.idr)).toHaveLength(4);
    const packetizer = new H264Packetizer(mode);
    const depacketizer = new H264Depacketizer();
    const frames = units.map((data, index) => {
      const payloads = packetizer.packetize({ data, keyframe: index % 4 === 0 }, 1000).map(joinPieces);
      const assembled = depacketizer.assemble(payloads);
      if (assembled.kind !== 'frame') throw new Error(JSON.stringify(assembled));
      expect(splitAnnexB(assembled.data)).toEqual(splitAnnexB(data));
      expect(assembled.keyframe).toBe(index % 4 === 0);
      return assembled;
    });
    expectPictures(frames);
  });

  it('enters at the first slice of an IDR only', () => {
    const unit = sliced(4)[4]!;
    const slices = splitAnnexB(unit).filter((nal) => !isSet(nal) && nalType(nal) !== NAL.sei);
    const data = joinPieces(slices.flatMap((nal) => [Uint8Array.of(0, 0, 0, 1), nal]));
    const payloads = new H264Packetizer(mode).packetize({ data, keyframe: true }, 1000).map(joinPieces);
    const depacketizer = new H264Depacketizer();
    const entries = payloads.map((payload) => depacketizer.beginsKeyframe(payload));
    expect(entries[0]).toBe(true);
    expect(entries.slice(1)).not.toContain(true);
  });
});

/** How parameter sets are sent ahead: ticks after the picture before, and which of their packets have the marker. */
const AHEAD = {
  'at a timestamp of their own': { ticks: [2000, 2000], marked: [false, false] },
  'at a timestamp of their own, marked as a whole frame': { ticks: [2000, 2000], marked: [false, true] },
  'at a timestamp each': { ticks: [1000, 2000], marked: [false, false] },
  'as a frame each': { ticks: [1000, 2000], marked: [true, true] },
};

/** Access units in RTP packets, their parameter sets ahead of them. */
function sentAhead(
  units: readonly Uint8Array[],
  { ticks, marked }: { ticks: number[]; marked: boolean[] },
): Uint8Array[] {
  const packets: Uint8Array[] = [];
  const put = (payload: Uint8Array, timestamp: number, marker: boolean) => {
    const head = Buffer.alloc(12);
    head.writeUInt8(0x80, 0);
    head.writeUInt8((marker ? 0x80 : 0) | 102, 1);
    head.writeUInt16BE(packets.length, 2);
    head.writeUInt32BE(timestamp, 4);
    head.writeUInt32BE(7, 8);
    packets.push(new Uint8Array(Buffer.concat([head, payload])));
  };
  units.forEach((unit, index) => {
    const nals = splitAnnexB(unit);
    nals.filter(isSet).forEach((set, at) => put(set, index * 3000 + ticks[at]!, marked[at]!));
    const data = joinPieces(nals.filter((nal) => !isSet(nal)).flatMap((nal) => [Uint8Array.of(0, 0, 1), nal]));
    const payloads = new H264Packetizer(1).packetize({ data, keyframe: false }, 1000).map(joinPieces);
    payloads.forEach((payload, at) => put(payload, (index + 1) * 3000, at === payloads.length - 1));
  });
  return packets;
}

it.each(Object.entries(AHEAD))('parameter sets %s reach the IDR after them', (_, way) => {
  const receive = [{ name: 'h264', payloadType: 102, parameters: 'packetization-mode=1' }];
  const to = new VideoReceiver({ receive, extensions: new Map(), senderSsrc: 1 });
  const frames = sentAhead(sliced(1), way).flatMap((packet, index) => [...to.push(packet, index).chunks]);
  expect(frames.map(({ keyframe }) => keyframe)).toEqual([true, false, false, false, true, false]);
  expectPictures(frames);
});

it('keeps every packet small in mode 0, since the encoder keeps its slices short', () => {
  const parameters = 'profile-level-id=42e01f;packetization-mode=0';
  const limit = nalLimit('h264', parameters);
  expect(limit).toBeLessThan(PACKET_LIMIT);
  expect(nalLimit('h264', 'packetization-mode=1')).toBeUndefined();
  const encoder = createEncoder('h264', { bitrate: 3_000_000, nalLimit: limit! });
  const extensions = { ids: new Map([['urn:ietf:params:rtp-hdrext:sdes:mid', 1]]), mid: 'a-long-name' };
  const from = new VideoSender({
    codec: 'h264',
    ssrc: 5,
    payloadType: 100,
    parameters,
    extensions,
    clock: new NtpClock(0),
    seed: 1,
  });
  const to = new VideoReceiver({
    receive: [{ name: 'h264', payloadType: 100, parameters }],
    extensions: new Map(),
    senderSsrc: 1,
  });
  const work = new WorkPicture();
  const frames = Array.from({ length: 6 }, (_, index) => {
    work.load(movingPicture(...SIZE, index));
    const chunk = encoder.encode(work, { keyframe: index === 4, timestamp: index * 3000 });
    const packets = from.send(chunk, index * 33);
    expect(Math.max(...packets.map(({ data }) => data.byteLength))).toBeLessThanOrEqual(PACKET_LIMIT);
    return packets.flatMap(({ data }) => [...to.push(data, index * 33).chunks]);
  }).flat();
  encoder.close();
  work.close();
  expectPictures(frames);
});
