import { afterEach, describe, expect, it } from 'vitest';
import { movingPicture, psnr } from '../../../test/support/moving-picture.ts';
import type { SendCodec } from '../../media/chunk.ts';
import type { I420 } from '../../media/plane.ts';
import type { EncodedChunk } from '../codec.ts';
import { createDecoder } from '../decoder.ts';
import { createEncoder } from '../encoder.ts';
import { WorkPicture } from '../work-picture.ts';
import type { LayerCount } from './temporal-layers.ts';

const WIDTH = 320;
const HEIGHT = 240;
/** Frame at which a keyframe is asked for: in the middle of a pattern. */
const KEYFRAME = 14;

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

function clip(codec: SendCodec, temporalLayers: LayerCount, frames = 30): EncodedChunk[] {
  const encoder = createEncoder(codec, { bitrate: 800_000, temporalLayers });
  const work = new WorkPicture();
  opened.push(encoder, work);
  return Array.from({ length: frames }, (_, index) => {
    work.load(movingPicture(WIDTH, HEIGHT, index));
    return encoder.encode(work, { keyframe: index === KEYFRAME, timestamp: index * 3000 });
  });
}

const layerOf = ({ temporal }: EncodedChunk) => temporal?.layer ?? -1;

/** The pictures of `chunks` by timestamp; fails where one does not decode. */
function decode(codec: SendCodec, chunks: readonly EncodedChunk[]): Map<number, I420> {
  const decoder = createDecoder(codec);
  opened.push(decoder);
  return new Map(
    chunks.map((chunk) => {
      const work = new WorkPicture();
      opened.push(work);
      expect(decoder.decode({ ...chunk, decodable: 0, referenced: true }).kind).toBe('picture');
      decoder.copyTo(work);
      return [chunk.timestamp, work.picture] as const;
    }),
  );
}

const CASES = (['vp8', 'vp9'] as const).flatMap((codec) => ([2, 3] as const).map((count) => [codec, count] as const));

describe.each(CASES)('%s in %i temporal layers', (codec, count) => {
  it('takes its layers in turn, beginning anew with each keyframe', () => {
    const chunks = clip(codec, count);
    const turn = count === 2 ? [0, 1] : [0, 2, 1, 2];
    const expected = chunks.map((_, index) => turn[(index < KEYFRAME ? index : index - KEYFRAME) % turn.length]);
    expect(chunks.map(layerOf)).toEqual(expected);
    expect(chunks.flatMap(({ keyframe }, index) => (keyframe ? [index] : []))).toEqual([0, KEYFRAME]);
  });

  it.each([0, 1].slice(0, count - 1))('shows the very same pictures without the layers above %i', (top) => {
    const chunks = clip(codec, count);
    const all = decode(codec, chunks);
    const fewer = decode(
      codec,
      chunks.filter((chunk) => layerOf(chunk) <= top),
    );
    expect(fewer.size).toBeLessThan(all.size);
    for (const [timestamp, picture] of fewer) {
      expect(psnr(picture, all.get(timestamp)!)).toBeGreaterThan(90);
      expect(psnr(picture, movingPicture(WIDTH, HEIGHT, timestamp / 3000))).toBeGreaterThan(29);
    }
  });

  it('lets a viewer of the lowest layer go up at any frame that says so', () => {
    const chunks = clip(codec, count);
    const all = decode(codec, chunks);
    const rise = chunks.findIndex((chunk, index) => index > 16 && chunk.temporal?.sync && layerOf(chunk) > 0);
    const seen = decode(
      codec,
      chunks.filter((chunk, index) => index >= rise || layerOf(chunk) === 0),
    );
    for (const [timestamp, picture] of seen) expect(psnr(picture, all.get(timestamp)!)).toBeGreaterThan(90);
  });

  it('says of the uppermost layer that nothing needs it', () => {
    const chunks = clip(codec, count);
    for (const chunk of chunks) expect(chunk.temporal?.referenced).toBe(layerOf(chunk) < count - 1);
    const some = chunks.filter((chunk, index) => chunk.temporal?.referenced || index % 3 === 0);
    const all = decode(codec, chunks);
    for (const [timestamp, picture] of decode(codec, some)) {
      expect(psnr(picture, all.get(timestamp)!)).toBeGreaterThan(90);
    }
  });
});

it('leaves nothing on a picture that other encoders take too', () => {
  const layered = createEncoder('vp8', { bitrate: 800_000, temporalLayers: 3 });
  const plain = createEncoder('vp8', { bitrate: 800_000 });
  const alone = createEncoder('vp8', { bitrate: 800_000 });
  const work = new WorkPicture();
  const apart = new WorkPicture();
  opened.push(layered, plain, alone, work, apart);
  for (let index = 0; index < 12; index++) {
    work.load(movingPicture(WIDTH, HEIGHT, index));
    apart.load(movingPicture(WIDTH, HEIGHT, index));
    const options = { keyframe: false, timestamp: index * 3000 };
    layered.encode(work, options);
    expect(plain.encode(work, options).data).toEqual(alone.encode(apart, options).data);
  }
});

it('are none in H.264', () => {
  expect(clip('h264', 3, 6).map(({ temporal }) => temporal)).toEqual(Array(6).fill(undefined));
});
