import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { encodedClip } from '../../../test/support/encoded-clip.ts';
import { packetizeAny } from '../../../test/support/packetize-received.ts';
import { createDecoder } from '../../codec/decoder.ts';
import type { Chunk, VideoCodec } from '../../media/chunk.ts';
import { createDepacketizer } from './create-depacketizer.ts';
import type { Assembled } from './depacketizer.ts';
import { splitAnnexB } from './h264/h264-nal.ts';

const CODECS: VideoCodec[] = ['vp8', 'h264', 'vp9', 'av1'];
const BUDGET = 1100;

const clips = new Map<VideoCodec, Chunk[]>();
function clip(codec: VideoCodec): Chunk[] {
  let chunks = clips.get(codec);
  if (!chunks)
    clips.set(codec, (chunks = encodedClip(codec, [{ width: 320, height: 240, frames: 8, keyframes: [5] }])));
  return chunks;
}
afterAll(() => clips.clear());

function frame(assembled: Assembled) {
  if (assembled.kind !== 'frame') throw new Error(`no frame [${JSON.stringify(assembled)}]`);
  return assembled;
}

/** What counts of the bytes: H.264 may come with other start codes, AV1 with other size fields. */
function content(codec: VideoCodec, data: Uint8Array): unknown {
  return codec === 'h264' ? splitAnnexB(data) : data;
}

describe.each(CODECS)('the %s depacketizer', (codec) => {
  const payloadsOf = (chunk: Chunk, index: number) => packetizeAny(codec, chunk, { budget: BUDGET, index });

  it('gives back the very bytes that were packetized', () => {
    const depacketizer = createDepacketizer(codec);
    clip(codec).forEach((chunk, index) => {
      const payloads = payloadsOf(chunk, index);
      expect(Math.max(...payloads.map(({ length }) => length))).toBeLessThanOrEqual(BUDGET);
      const { data, keyframe, referenced } = frame(depacketizer.assemble(payloads));
      expect(content(codec, data)).toEqual(content(codec, chunk.data));
      expect(data.byteLength).toBe(data.buffer.byteLength);
      expect(keyframe).toBe(index === 0 || index === 5);
      expect(referenced).toBe(true);
    });
  });

  it('says of exactly the first packet of a keyframe that decoding can begin there', () => {
    const depacketizer = createDepacketizer(codec);
    clip(codec).forEach((chunk, index) => {
      const begins = payloadsOf(chunk, index).map((payload) => depacketizer.beginsKeyframe(payload));
      expect(begins[0]).toBe(chunk.keyframe);
      // A keyframe of H.264 may also be entered at the IDR slice that follows the parameter sets.
      expect(begins.slice(codec === 'h264' ? 2 : 1)).not.toContain(true);
    });
  });

  it('gives what a decoder takes', () => {
    const depacketizer = createDepacketizer(codec);
    const decoder = createDecoder(codec);
    clip(codec).forEach((chunk, index) => {
      const { data } = frame(depacketizer.assemble(payloadsOf(chunk, index)));
      expect(decoder.decode({ ...chunk, data })).toMatchObject({ kind: 'picture', width: 320, height: 240 });
    });
    decoder.close();
  });

  it('calls a frame without its first packet broken', () => {
    const payloads = payloadsOf(clip(codec)[0] as Chunk, 0);
    expect(payloads.length).toBeGreaterThan(2);
    const assembled = createDepacketizer(codec).assemble(payloads.slice(codec === 'h264' ? 2 : 1));
    expect(assembled.kind).toBe('broken');
  });

  it('never throws at 2,000 mutated and random payloads, and takes no time for them', () => {
    const random = new Random(7);
    const depacketizer = createDepacketizer(codec);
    const seeds = clip(codec).flatMap(payloadsOf);
    for (let round = 0; round < 2000; round++) {
      const payloads = Array.from({ length: 1 + random.below(4) }, () => mutate(seeds, random));
      for (const payload of payloads) depacketizer.beginsKeyframe(payload);
      const assembled = depacketizer.assemble(payloads);
      expect(['frame', 'nothing', 'broken']).toContain(assembled.kind);
    }
  });
});

function mutate(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  if (random.next() < 0.3) return Uint8Array.from({ length: 1 + random.below(40) }, () => random.below(256));
  const seed = seeds[random.below(seeds.length)] as Uint8Array;
  const bytes = seed.slice(0, random.next() < 0.5 ? seed.length : 1 + random.below(seed.length));
  for (let flips = random.below(6); flips > 0; flips--)
    bytes[random.below(Math.min(24, bytes.length))] = random.below(256);
  return bytes;
}
