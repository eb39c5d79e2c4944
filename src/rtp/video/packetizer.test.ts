import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { encodedClip } from '../../../test/support/encoded-clip.ts';
import { createDecoder } from '../../codec/decoder.ts';
import type { SendCodec } from '../../media/chunk.ts';
import { NtpClock } from '../rtcp/ntp-clock.ts';
import { VideoReceiver } from '../receive/video-receiver.ts';
import { VideoSender } from '../send/video-sender.ts';
import { createDepacketizer } from './create-depacketizer.ts';
import { createPacketizer } from './create-packetizer.ts';
import { splitAnnexB } from './h264/h264-nal.ts';
import { joinPieces } from './join.ts';

const CASES = [
  ['vp8', ''],
  ['vp9', ''],
  ['h264', 'packetization-mode=1'],
  ['h264', 'packetization-mode=0'],
] as const;

/** A chunk that looks like one of the codec: a VP8 or VP9 delta frame, or one to four NAL units with no start code inside. */
function anyChunk(codec: SendCodec, random: Random): Uint8Array {
  const bytes = (length: number) => Uint8Array.from({ length }, () => 1 + random.below(255));
  if (codec !== 'h264') {
    const data = bytes(10 + random.below(6000));
    data[0] = codec === 'vp8' ? (data[0] ?? 0) | 1 : 0x86;
    return data;
  }
  const types = [0x67, 0x68, 0x06, 0x41].filter((type) => type === 0x41 || random.next() < 0.5);
  return joinPieces(
    types.flatMap((type) => [Uint8Array.of(0, 0, 0, 1, type), bytes(1 + random.below(type === 0x41 ? 6000 : 60))]),
  );
}

describe.each(CASES)('the %s packetizer [%s]', (codec, parameters) => {
  it('keeps to its budget, copies nothing, and is undone by the depacketizer', () => {
    const random = new Random(13);
    const packetizer = createPacketizer(codec, parameters, 32_700);
    const depacketizer = createDepacketizer(codec);
    for (let round = 0; round < 300; round++) {
      const data = anyChunk(codec, random);
      const budget = 64 + random.below(1200);
      const payloads = packetizer.packetize({ data, keyframe: false }, budget);
      const longest = Math.max(...payloads.map((pieces) => joinPieces(pieces).length));
      if (!parameters.endsWith('0')) expect(longest).toBeLessThanOrEqual(budget);
      const isView = (piece: Uint8Array) => piece.buffer === data.buffer || piece.length <= 8;
      expect(payloads.flat().every(isView)).toBe(true);
      const assembled = depacketizer.assemble(payloads.map(joinPieces));
      if (assembled.kind !== 'frame') throw new Error(JSON.stringify(assembled));
      expect(Buffer.compare(assembled.data, data)).toBe(0);
    }
  });

  it('gives nothing for nothing', () => {
    expect(
      createPacketizer(codec, parameters, 0).packetize({ data: new Uint8Array(0), keyframe: false }, 1000),
    ).toEqual([]);
  });

  it('carries real pictures through a change of size and back', () => {
    const payloadType = 100;
    const from = new VideoSender({ codec, ssrc: 5, payloadType, parameters, clock: new NtpClock(0), seed: 1 });
    const receive = [{ name: codec, payloadType, parameters }];
    const to = new VideoReceiver({ receive, extensions: new Map(), senderSsrc: 1 });
    const size = (width: number, height: number) => ({ width, height, frames: 3 });
    const sent = encodedClip(codec, [size(320, 240), size(640, 360), size(320, 240)]);
    const decoder = createDecoder(codec);
    const widths: number[] = [];
    sent.forEach(({ data, timestamp, keyframe }, index) => {
      for (const packet of from.send({ codec, data, timestamp, keyframe }, index * 33)) {
        for (const chunk of to.push(packet.data, index * 33).chunks) {
          expect(splitAnnexB(chunk.data)).toEqual(splitAnnexB(data));
          const decoded = decoder.decode(chunk);
          widths.push(decoded.kind === 'picture' ? decoded.width : -1);
        }
      }
    });
    decoder.close();
    expect(widths).toEqual([320, 320, 320, 640, 640, 640, 320, 320, 320]);
  });
});
