/** The two ends of a video line, and pictures that an RTP layer takes for VP8 although nothing could decode them. */
import type { Chunk } from '../../src/media/chunk.ts';
import { VideoReceiver } from '../../src/rtp/receive/video-receiver.ts';
import { NtpClock } from '../../src/rtp/rtcp/ntp-clock.ts';
import { VideoSender, type SendChunk } from '../../src/rtp/send/video-sender.ts';

const FORMATS = [
  { name: 'vp8', payloadType: 96, parameters: '' },
  { name: 'rtx', payloadType: 97, parameters: 'apt=96', associated: 96 },
  { name: 'h264', payloadType: 102, parameters: 'packetization-mode=1' },
  { name: 'ulpfec', payloadType: 110, parameters: '' },
];
const CLOCK = new NtpClock(1.7e12);

export function receiver(extensions = new Map<string, number>()): VideoReceiver {
  return new VideoReceiver({ receive: FORMATS, extensions, senderSsrc: 1 });
}

export function sender(
  options: {
    ssrc?: number;
    seed?: number;
    rtx?: boolean;
    payloadType?: number;
    extensions?: ReadonlyMap<string, number>;
  } = {},
): VideoSender {
  const { ssrc = 50, seed = 0x00ff_f500, rtx = true, payloadType = 96, extensions } = options;
  return new VideoSender({
    codec: payloadType === 96 ? 'vp8' : 'h264',
    ssrc,
    payloadType,
    parameters: 'packetization-mode=1',
    ...(rtx ? { rtx: { ssrc: ssrc + 1, payloadType: 97 } } : {}),
    ...(extensions ? { extensions: { ids: extensions } } : {}),
    clock: CLOCK,
    seed,
  });
}

/** VP8 enough for an RTP layer: frame tag, start code in keyframes, then bytes that tell frames apart. */
export function picture(index: number, size: number, keyframe = false): SendChunk {
  const data = Uint8Array.from({ length: Math.max(10, size) }, (_, at) => (index * 7 + at * 13 + (at >> 8)) & 0xff);
  data.set(keyframe ? [0x10, 0, 0, 0x9d, 0x01, 0x2a] : [0x11, 0, 0]);
  return { codec: 'vp8', data, timestamp: (index * 3000) >>> 0, keyframe };
}

export const seconds = (index: number) => index * (1000 / 30);
export const packetsOf = (from: VideoSender, chunk: SendChunk, now = 0) =>
  from.send(chunk, now).map(({ data }) => data);

export function pushAll(to: VideoReceiver, packets: readonly Uint8Array[], now: number): Chunk[] {
  return packets.flatMap((data) => [...to.push(data, now).chunks]);
}
