/** Real packets, as pieces for hostile ones: encoded pictures in RTP, and every kind of RTCP that is spoken. */
import type { VideoCodec } from '../../src/media/chunk.ts';
import { EXTENSION_URI, layExtensions } from '../../src/rtp/packet/extension.ts';
import { readU32 } from '../../src/rtp/packet/bytes.ts';
import { rewriteSequence, rewriteTimestamp } from '../../src/rtp/packet/rewrite.ts';
import { writeRtpHeader, RTP_HEADER } from '../../src/rtp/packet/rtp-packet.ts';
import { NOT_RECEIVED, type RtcpPacket } from '../../src/rtp/rtcp/rtcp-packet.ts';
import { serializeRtcp } from '../../src/rtp/rtcp/serialize.ts';
import { joinPieces } from '../../src/rtp/video/join.ts';
import { encodedClip } from '../support/encoded-clip.ts';
import { packetizeAny } from '../support/packetize-received.ts';

export const CODECS: readonly VideoCodec[] = ['vp8', 'vp9', 'h264', 'av1'];

/** Payload types of the packets below; 97 resends 96. */
export const TYPES: Record<VideoCodec, number> = { vp8: 96, h264: 102, vp9: 98, av1: 45 };
export const RESENT = 97;

/** Header extensions of the packets below. */
export const EXTENSIONS: ReadonlyMap<string, number> = new Map([
  [EXTENSION_URI.mid, 4],
  [EXTENSION_URI.transportSequence, 3],
  [EXTENSION_URI.videoOrientation, 13],
  [EXTENSION_URI.absoluteCaptureTime, 9],
  [EXTENSION_URI.streamId, 10],
]);

const BLOCK = layExtensions([
  { id: 4, value: Buffer.from('1') },
  { id: 3, value: Uint8Array.of(0, 1) },
  { id: 13, value: Uint8Array.of(1) },
  { id: 9, value: new Uint8Array(16).fill(3) },
  { id: 10, value: Buffer.from('hi') },
]).block;

const payloadsOf = new Map<VideoCodec, Uint8Array[][]>();

/** The payloads of a few frames, by frame. */
export function payloads(codec: VideoCodec): Uint8Array[][] {
  const made =
    payloadsOf.get(codec) ??
    encodedClip(codec, [{ width: 128, height: 96, frames: 6, keyframes: [3] }]).map((chunk, index) =>
      packetizeAny(codec, chunk, { budget: 700, index }),
    );
  payloadsOf.set(codec, made);
  return made;
}

/** Those payloads in RTP packets with header extensions, as a browser sends them. */
export function rtpPackets(codec: VideoCodec, ssrc = 0x1000): Uint8Array[] {
  let sequence = 100;
  return payloads(codec).flatMap((frame, index) =>
    frame.map((payload, at) => {
      const head = new Uint8Array(RTP_HEADER);
      const fields = { payloadType: TYPES[codec], sequence: sequence++, timestamp: 3000 * index, ssrc };
      writeRtpHeader(head, { ...fields, marker: at === frame.length - 1 }, true);
      return joinPieces([head, BLOCK, payload]);
    }),
  );
}

/** Those packets over and over, numbered on: what a source sends that goes on. */
export class RunningStream {
  readonly #packets: readonly Uint8Array[];
  /** Timestamps of one round. */
  readonly #round: number;
  #sent = 0;

  constructor(codecs: readonly VideoCodec[], ssrc: number) {
    const frames = codecs.reduce((sum, codec) => sum + payloads(codec).length, 0);
    let before = 0;
    this.#packets = codecs.flatMap((codec) => {
      const packets = rtpPackets(codec, ssrc);
      for (const packet of packets) rewriteTimestamp(packet, readU32(packet, 4) + before * 3000);
      before += payloads(codec).length;
      return packets;
    });
    this.#round = frames * 3000;
  }

  next(): Uint8Array {
    const packet = Uint8Array.from(this.#packets[this.#sent % this.#packets.length] ?? []);
    const round = Math.floor(this.#sent / this.#packets.length);
    rewriteSequence(packet, this.#sent++);
    rewriteTimestamp(packet, readU32(packet, 4) + round * this.#round);
    return packet;
  }
}

/** The packet as a resend (RFC 4588): its sequence number before its payload, a source and type of its own. */
export function resend(packet: Uint8Array): Uint8Array {
  const payloadAt = RTP_HEADER + BLOCK.length;
  const head = packet.slice(0, payloadAt);
  head[1] = RESENT;
  head[8] = 0x77;
  return joinPieces([head, packet.subarray(2, 4), packet.subarray(payloadAt)]);
}

/** @param ours a source of ours, that feedback speaks of @param theirs the sender's */
export function rtcpCompounds(ours: number, theirs: number): Uint8Array[] {
  const block = {
    ssrc: ours,
    fractionLost: 12,
    cumulativeLost: 34,
    highestSequence: 70_000,
    jitter: 56,
    lastSenderReport: 0x1234_5678,
    delaySinceLastSenderReport: 6553,
  };
  const ends = { senderSsrc: theirs, mediaSsrc: ours };
  const arrivals = Int32Array.from({ length: 40 }, (_, at) => (at % 7 === 3 ? NOT_RECEIVED : at * 20 + (at % 5)));
  const packets: RtcpPacket[] = [
    {
      type: 'sender-report',
      ssrc: theirs,
      ntp: { high: 3_900_000_000, low: 5 },
      rtpTimestamp: 9000,
      packetCount: 7,
      octetCount: 7000,
      reports: [block],
    },
    { type: 'receiver-report', ssrc: theirs, reports: [block, { ...block, ssrc: 5 }] },
    { type: 'source-description', names: [{ ssrc: theirs, cname: 'peer' }] },
    { type: 'nack', ...ends, lost: [1, 2, 3, 20, 65_535, 0] },
    { type: 'picture-loss', ...ends },
    { type: 'full-intra-request', senderSsrc: theirs, requests: [{ ssrc: ours, sequence: 3 }] },
    { type: 'transport-feedback', ...ends, baseSequence: 3, feedbackCount: 1, referenceTime: 7, arrivals },
    { type: 'bitrate-estimate', senderSsrc: theirs, bitsPerSecond: 2_000_000, ssrcs: [ours] },
    { type: 'bye', ssrcs: [theirs] },
  ];
  return [...packets.map((packet) => serializeRtcp([packet])), serializeRtcp(packets)];
}
