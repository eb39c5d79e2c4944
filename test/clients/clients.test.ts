/** Programs of others, as they are, through the real gateway with a secret: what they publish is watched, swapped. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { BROWSER_SKIPPED, launchChromium } from '../browser/chromium.ts';
import { EXPOSED } from '../bench/judge/patch.ts';
import { stampedCamera } from '../browser/studio/stamp.ts';
import { FfmpegWhip } from './ffmpeg-whip.ts';
import { CLIP, Stage } from './stage.ts';
import { talkingFile } from './talking-file.ts';
import { isWorn, judgeKept } from './viewer.ts';

/** How often the way to the first picture is gone; more for a figure (docs/benchmarks.md). */
const JOINS = Number(process.env['GUISE_JOINS'] ?? 1);
/** Frames among which the first swapped one is looked for. */
const FIRST_FRAMES = 90;

describe.skipIf(BROWSER_SKIPPED)('a room (left out by GUISE_SKIP=browser)', () => {
  let stage: Stage;
  let chromium: Browser;
  let publisher: Page;
  let viewer: Page;

  beforeAll(async () => {
    // Chromium reaches it wherever these tests run.
    stage = await Stage.open('127.0.0.1');
    chromium = await launchChromium({ camera: await stampedCamera(CLIP) });
    [publisher, viewer] = [await open(), await open()];
  });
  afterEach(async () => {
    for (const page of [publisher, viewer]) await page.evaluate(() => window.client.stop());
  });
  afterAll(async () => {
    await chromium?.close();
    await stage?.close();
  });

  async function open(): Promise<Page> {
    const page = await chromium.newPage();
    await page.goto(stage.site.origin);
    return page;
  }

  it('is published into and watched by whip-whep', async () => {
    await publisher.evaluate((to) => window.client.publish(to), await stage.place('whip', 'a'));
    await viewer.evaluate((to) => window.client.watch(to), await stage.place('whep', 'a'));
    await stage.untilWorn(viewer);
    await publisher.evaluate(() => window.client.stop());
    await stage.untilOver('a');
  });

  it('is published into by @eyevinn/whip-web-client', async () => {
    await publisher.evaluate((to) => window.client.publishByEyevinn(to), await stage.place('whip', 'b'));
    await viewer.evaluate((to) => window.client.watch(to), await stage.place('whep', 'b'));
    await stage.untilWorn(viewer);
    await publisher.evaluate(() => window.client.stop());
    await stage.untilOver('b');
  });

  it('is published into by the WHIP muxer of FFmpeg, H.264 and Opus', async () => {
    const { endpoint, token } = await stage.place('whip', 'c');
    const ffmpeg = await FfmpegWhip.publish(await talkingFile(CLIP, 'mkv'), endpoint, token);
    onTestFinished(() => ffmpeg.stop());
    console.log(`FFmpeg could send media ${Math.round(ffmpeg.connected)} ms after it began to publish`);
    await viewer.evaluate((to) => window.client.watch(to), await stage.place('whep', 'c'));
    await stage.untilWorn(viewer);
    await ffmpeg.stop();
    await stage.untilOver('c');
  });

  it.each(Array.from({ length: JOINS }, (_, join) => join))(
    'shows whoever waits for it a first picture (%d)',
    async (join) => {
      const whip = await stage.place('whip', `first-${join}`);
      const whep = await stage.place('whep', `first-${join}`);
      // In one page, so that one clock tells both ends; judged when most is over, so that it takes no time from it.
      const begun = await viewer.evaluate(
        async (to) => {
          void window.client.keep(to.frames);
          const posted = await window.client.publish(to.whip);
          await window.client.watch(to.whep);
          await window.client.frame(30);
          return posted;
        },
        { whip, whep, frames: FIRST_FRAMES },
      );
      const first = await judgeKept(viewer, 0, stage.worn);
      expect(first.shown?.toCaller ?? 0).toBeLessThan(EXPOSED);
      let swapped = first;
      for (let index = 1; !isWorn(swapped) && index < FIRST_FRAMES; index++)
        swapped = await judgeKept(viewer, index, stage.worn);
      const after = [first, swapped].map(({ at }) => Math.round(at - begun));
      const worn = isWorn(swapped) ? `first swapped one ${after[1]} ms` : `not swapped ${after[1]} ms after it`;
      console.log(`first picture ${after[0]} ms after the POST, ${worn}`);
      // A busy machine may hide all of those.
      if (!isWorn(swapped)) await stage.untilWorn(viewer);
    },
  );
});
