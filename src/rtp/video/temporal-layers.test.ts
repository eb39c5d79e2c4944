import { describe, expect, it } from 'vitest';
import { movingPicture } from '../../../test/support/moving-picture.ts';
import type { EncodedChunk } from '../../codec/codec.ts';
import { createDecoder } from '../../codec/decoder.ts';
import { createEncoder } from '../../codec/encoder.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import type { SendCodec } from '../../media/chunk.ts';
import { createDepacketizer } from './create-depacketizer.ts';
import { createPacketizer } from './create-packetizer.ts';
import { joinPieces } from './join.ts';

/** Layers 0, 2, 1, 2 twice over. */
function clip(codec: SendCodec, frames = 9): EncodedChunk[] {
  const encoder = createEncoder(codec, { bitrate: 600_000, temporalLayers: 3 });
  const work = new WorkPicture();
  const chunks = Array.from({ length: frames }, (_, index) => {
    work.load(movingPicture(320, 240, index));
    return encoder.encode(work, { keyframe: false, timestamp: index * 3000 });
  });
  encoder.close();
  work.close();
  return chunks;
}

function packets(codec: SendCodec, chunks: readonly EncodedChunk[], seed: number): Uint8Array[][] {
  const packetizer = createPacketizer(codec, '', seed);
  return chunks.map((chunk) => packetizer.packetize(chunk, 1000).map(joinPieces));
}

const head = (payloads: readonly Uint8Array[][], length: number) =>
  payloads.map(([first]) => [...(first ?? new Uint8Array(0)).subarray(0, length)]);

describe.each(['vp8', 'vp9'] as const)('temporal layers of %s', (codec) => {
  it('pass packetizer and depacketizer, also without the upper ones', () => {
    for (const top of [2, 1, 0]) {
      const depacketizer = createDepacketizer(codec);
      const decoder = createDecoder(codec);
      const chunks = clip(codec).filter(({ temporal }) => temporal!.layer <= top);
      packets(codec, chunks, 9).forEach((payloads, index) => {
        const assembled = depacketizer.assemble(payloads);
        if (assembled.kind !== 'frame') throw new Error(JSON.stringify(assembled));
        const { keyframe, data, timestamp } = chunks[index]!;
        expect(assembled).toMatchObject({ keyframe, data });
        expect(decoder.decode({ codec, keyframe, data, timestamp, decodable: 0, referenced: true }).kind).toBe(
          'picture',
        );
      });
      decoder.close();
    }
  });
});

it('stand in VP8’s descriptor: N, picture id, count of layer 0, layer and sync', () => {
  const first = head(packets('vp8', clip('vp8', 6), 0x7fffff), 6);
  expect(first).toEqual([
    [0x90, 0xe0, 0xff, 0xff, 0x00, 0x20],
    [0xb0, 0xe0, 0x80, 0x00, 0x00, 0xa0],
    [0x90, 0xe0, 0x80, 0x01, 0x00, 0x60],
    [0xb0, 0xe0, 0x80, 0x02, 0x00, 0x80],
    [0x90, 0xe0, 0x80, 0x03, 0x01, 0x00],
    [0xb0, 0xe0, 0x80, 0x04, 0x01, 0xa0],
  ]);
});

it('let VP8 say which frames nothing refers to', () => {
  const depacketizer = createDepacketizer('vp8');
  const assembled = packets('vp8', clip('vp8', 5), 1).map((payloads) => depacketizer.assemble(payloads));
  expect(assembled.map((each) => each.kind === 'frame' && each.referenced)).toEqual([true, false, true, false, true]);
});

it('stand in VP9’s descriptor: layer, and how far back each picture lies that is needed', () => {
  const first = head(packets('vp9', clip('vp9', 6), 0x7fff), 6).map(([flags, ...rest]) => [flags! & 0xf3, ...rest]);
  // I, P but for the keyframe, L, F, Z, and V with the size of the keyframe; ids; layer and U; P_DIFF and N.
  expect(first[0]).toEqual([0xb3, 0xff, 0xff, 0x10, 0x10, 0x01]);
  expect(first.slice(1).map((bytes) => bytes.slice(0, 5))).toEqual([
    [0xf1, 0x80, 0x00, 0x50, 1 << 1],
    [0xf1, 0x80, 0x01, 0x30, 2 << 1],
    [0xf1, 0x80, 0x02, 0x50, (3 << 1) | 1],
    [0xf1, 0x80, 0x03, 0x10, 4 << 1],
    [0xf1, 0x80, 0x04, 0x50, 1 << 1],
  ]);
  expect(first[3]![5]).toBe(1 << 1);
});

it('count the distances of VP9 by what was sent, where upper layers are left out', () => {
  const lowest = clip('vp9').filter(({ temporal }) => temporal!.layer === 0);
  const first = head(packets('vp9', lowest, 0), 5);
  expect(first.slice(1).map((bytes) => bytes[4])).toEqual([1 << 1, 1 << 1]);
});
