import { beforeAll, describe, expect, test } from 'vitest';
import { psnr } from '../../../test/media/psnr.ts';
import { PixelRig, talk } from '../../../test/support/pixel-rig.ts';
import { createDecoder } from '../../codec/decoder.ts';
import { PictureScaler } from '../../codec/picture-scaler.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import type { I420 } from '../../media/plane.ts';
import type { Encoding } from '../pixel.ts';
import { openParts, type OpenParts } from './parts.ts';

let real: OpenParts;
beforeAll(async () => {
  real = await openParts();
});

/** What came out of one encoder. */
const chunks = (rig: PixelRig, of: Encoding) => rig.of('chunk').filter(({ encoding = 'main' }) => encoding === of);

/** The last picture of it. */
function shown(rig: PixelRig, of: Encoding): I420 {
  const decoder = createDecoder('h264');
  for (const { chunk } of chunks(rig, of)) decoder.decode({ ...chunk, decodable: 0, referenced: true });
  const work = new WorkPicture();
  decoder.copyTo(work);
  return work.picture;
}

describe('the small encoding of a session', () => {
  test('is there while it is needed, half as large, of the pictures that are sent', async () => {
    const rig = new PixelRig(real);
    const clip = talk(24, { codec: 'h264' });
    rig.open('a', {}, 'h264');
    await rig.play(clip.slice(0, 4));
    rig.thread.receive({ type: 'small', session: 'a', bitsPerSecond: 300_000 });
    await rig.play(clip.slice(4, 14));
    rig.thread.receive({ type: 'keyframe', session: 'a', encoding: 'small' });
    await rig.play(clip.slice(14, 20));
    const small = chunks(rig, 'small');
    expect(small.map(({ chunk }) => chunk.timestamp)).toEqual(clip.slice(4, 20).map(({ timestamp }) => timestamp));
    expect(small.map(({ chunk }) => chunk.keyframe)).toEqual(small.map((_, i) => i === 0 || i === 10));
    expect(chunks(rig, 'main').map(({ chunk }) => chunk.keyframe)).toEqual(clip.slice(0, 20).map((_, i) => i === 0));
    expect([shown(rig, 'main').width, shown(rig, 'small').width]).toEqual([320, 160]);

    const [large, half] = [new WorkPicture(), new WorkPicture()];
    large.load(shown(rig, 'main'));
    new PictureScaler().scale(large, half, { width: 160, height: 90 });
    expect(psnr(half.picture, shown(rig, 'small'))).toBeGreaterThan(25);
    expect(rig.figures().stations['encode-small']).toBeDefined();

    rig.thread.receive({ type: 'small', session: 'a', bitsPerSecond: null });
    await rig.play(clip.slice(20));
    expect(chunks(rig, 'small')).toHaveLength(16);
    expect(chunks(rig, 'main')).toHaveLength(24);
    rig.thread.close();
  });

  test('gives way to a frame that waits already', async () => {
    const rig = new PixelRig(real);
    const clip = talk(3, { codec: 'h264' });
    rig.open('a', {}, 'h264');
    rig.thread.receive({ type: 'small', session: 'a', bitsPerSecond: 300_000 });
    await rig.play(clip.slice(0, 1));
    // The third comes while the second is worked on.
    rig.whileTracking = () => {
      rig.whileTracking = () => undefined;
      rig.post({ type: 'chunk', session: 'a', chunk: { ...clip[2]!, decodable: rig.now } });
    };
    await rig.play(clip.slice(1, 2));
    expect(chunks(rig, 'main').map(({ chunk }) => chunk.timestamp)).toEqual([0, 3000, 6000]);
    expect(chunks(rig, 'small').map(({ chunk }) => chunk.timestamp)).toEqual([0, 6000]);
    rig.thread.close();
  });

  test('makes a keyframe of the last picture sent where no frame comes', async () => {
    const rig = new PixelRig(real);
    rig.open('a', {}, 'h264');
    rig.thread.receive({ type: 'small', session: 'a', bitsPerSecond: 300_000 });
    rig.thread.tick();
    expect(chunks(rig, 'small')).toEqual([]);
    await rig.play(talk(2, { codec: 'h264' }));
    rig.thread.receive({ type: 'keyframe', session: 'a', encoding: 'small' });
    rig.now += 200;
    rig.thread.tick();
    rig.thread.tick();
    expect(chunks(rig, 'small').map(({ chunk }) => chunk.keyframe)).toEqual([true, false, true]);
    expect(rig.of('chunk').at(-1)!.chunk.timestamp).toBe(3001);
    rig.thread.close();
  });
});
