import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hideFace } from '../../../src/media/hide.ts';
import { createEncoder } from '../../../src/codec/encoder.ts';
import { encodedClip, type ScriptName } from '../../media/clip.ts';
import { LocalSwap } from '../local-swap.ts';
import { cropLuma, EXPOSED, shownShare } from './patch.ts';
import { decodeClip, referenceOf } from './reference.ts';
import { judge, ReturnedPictures } from './verdict.ts';

const SETTINGS = { script: 'talk', width: 640, height: 480, frameRate: 5 } as const;

describe('how much of a face a picture shows', () => {
  let local: LocalSwap;
  beforeAll(async () => {
    local = await LocalSwap.open();
  });
  afterAll(async () => {
    await local.close();
  });

  it('is high for the face itself, low for a swapped or a hidden one, with the limit well between', async () => {
    const clip = await encodedClip(SETTINGS, 'vp8');
    const identity = await local.identity('astronaut');
    const reference = await referenceOf(clip, SETTINGS, { local, identity });
    const shares = { raw: [] as number[], swapped: [] as number[], hidden: [] as number[] };

    const again = await encodedClip({ ...SETTINGS, seed: 1, noise: 2 }, 'vp8');
    for (const { index, work } of decodeClip(again)) {
      const { area, raw, swapped } = reference[index]!.faces[0]!;
      shares.raw.push(shownShare(cropLuma(work.picture, area), raw, area));
      if (index > 0) shares.swapped.push(shownShare(swapped!, raw, area));
      const [cx, cy] = [area.x + area.width / 2, area.y + area.height / 2];
      hideFace(work.picture, { cx, cy, rx: area.width * 0.7, ry: area.height * 0.7 });
      shares.hidden.push(shownShare(cropLuma(work.picture, area), raw, area));
    }

    expect(Math.min(...shares.raw)).toBeGreaterThan(2 * EXPOSED);
    expect(Math.max(...shares.swapped)).toBeLessThan(0.8 * EXPOSED);
    expect(Math.max(...shares.hidden)).toBeLessThan(EXPOSED / 3);
  });

  it.each<ScriptName>(['turning', 'leaving', 'two-people', 'bystander'])(
    'finds every true face of the scene %s in a picture that hides nothing, after a second codec',
    async (script) => {
      const settings = { ...SETTINGS, script };
      const clip = await encodedClip(settings, 'vp8');
      const reference = await referenceOf(clip, settings, { keepEvery: Infinity });
      const encoder = createEncoder('vp8', { bitrate: 1_000_000, frameRate: 5 });
      const pictures = new ReturnedPictures('vp8');

      const missed: number[] = [];
      for (const { index, work } of decodeClip(clip)) {
        const { data, keyframe } = encoder.encode(work, { keyframe: index === 0, timestamp: index * 18_000 });
        const picture = pictures.next(data, keyframe)!;
        const visible = reference[index]!.faces.filter(({ area }) => area.visible >= 0.25);
        if (visible.some((face) => !judge(picture, { faces: [face] }).exposed)) missed.push(index);
      }
      encoder.close();
      pictures.close();

      expect(missed).toEqual([]);
    },
  );
});
