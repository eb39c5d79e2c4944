/** Who wears whom of two people before one camera, chosen on the page. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wornBy, type Worn } from '../bench/judge/worn.ts';
import { sceneOf, type ClipSettings } from '../media/clip.ts';
import type { PortraitName } from '../media/portrait.ts';
import { BROWSER_SKIPPED } from './chromium.ts';
import { keepFrames, takeFrames, untilSwapped } from './studio/returned-frames.ts';
import { readStamp, stampedCamera } from './studio/stamp.ts';
import { openStudio, startCamera, type Studio } from './studio/studio.ts';

/** The astronaut comes in on the right of the picture, stays for some seconds, and goes. */
const CLIP: ClipSettings = { script: 'two-people', width: 640, height: 480 };

/** What both wear in a frame that shows both. */
type Both = Record<PortraitName, Worn>;

describe.skipIf(BROWSER_SKIPPED)('the page’s panel for several people (left out by GUISE_SKIP=browser)', () => {
  const scene = sceneOf(CLIP);
  let studio: Studio;
  beforeAll(async () => {
    studio = await openStudio({ camera: await stampedCamera(CLIP) });
    await startCamera(studio.page);
    await untilSwapped(studio.page);
  });
  afterAll(() => studio?.close());

  /** Frames from now on, up to the first that shows both as `wanted`. */
  async function until(wanted: Both): Promise<void> {
    for (;;) {
      const shown = await nextShown();
      if (shown.some((both) => both.hopper === wanted.hopper && both.astronaut === wanted.astronaut)) return;
    }
  }

  async function nextShown(): Promise<Both[]> {
    await keepFrames(studio.page, 'swapped', 4, 3);
    return (await takeFrames(studio.page)).flatMap(({ picture }) => {
      const index = readStamp(picture);
      const faces = index === undefined ? [] : scene.truth(index);
      if (faces.length < 2 || faces.some(({ box }) => box.x + box.width > CLIP.width)) return [];
      return [Object.fromEntries(faces.map(({ portrait, box }) => [portrait, wornBy(picture, box)])) as Both];
    });
  }

  it('gives each face its own mask, by its place as one sees oneself, and again when one returns', async () => {
    const choices = studio.page.locator('#people select');
    await choices.nth(1).waitFor();
    await choices.nth(0).selectOption('mask:gold');
    // More faces are another session.
    await studio.page.waitForFunction(() => {
      const shown = (document.getElementById('swapped') as HTMLVideoElement).srcObject as MediaStream | null;
      return shown?.getVideoTracks()[0]?.readyState === 'live';
    });
    await choices.nth(1).selectOption('mask:android');
    // Mirrored, the astronaut, who stands on the right of the picture, is the first from the left.
    const wanted = { astronaut: 'gold', hopper: 'android' } as const;
    await until(wanted);

    while ((await nextShown()).length > 0);
    await until(wanted);
    expect(studio.pageErrors).toEqual([]);
  });

  it('hides the one for whom nobody is chosen, and leaves the other as they are', async () => {
    await studio.page.locator('#people select').nth(1).selectOption('');
    await until({ astronaut: 'gold', hopper: 'hidden' });
    expect(studio.pageErrors).toEqual([]);
  });
});
