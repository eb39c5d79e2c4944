/** Programs of others, as they are, through the real gateway with a secret: what they publish is watched, swapped. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { signToken, type Claims } from '../../src/api/access/token.ts';
import { GatewayProcess } from '../bench/gateway/gateway-process.ts';
import { EXPOSED } from '../bench/judge/patch.ts';
import { LocalSwap } from '../bench/local-swap.ts';
import { BROWSER_SKIPPED, launchChromium } from '../browser/chromium.ts';
import { stampedCamera } from '../browser/studio/stamp.ts';
import type { ClipSettings } from '../media/clip.ts';
import { FfmpegWhip } from './ffmpeg-whip.ts';
import type { Place } from './page/client-page.ts';
import { PageServer } from './page/page-server.ts';
import { talkingFile } from './talking-file.ts';
import { isWorn, judgeKept, judgeNext, type Judged, type Worn } from './viewer.ts';

const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480 };
const IDENTITY = 'mask:gold';
const SECRET = 'a secret of the tests, long enough';
/** How often the way to the first picture is gone; more for a figure (docs/benchmarks.md). */
const JOINS = Number(process.env['GUISE_JOINS'] ?? 1);
/** Frames among which the first swapped one must be. */
const FIRST_FRAMES = 300;
/** Bounds against a hang: a busy machine gives frames up, and hides what it has no time to swap. */
const LIMIT = { timeout: 45_000 };

describe.skipIf(BROWSER_SKIPPED)('a room (left out by GUISE_SKIP=browser)', () => {
  let site: PageServer;
  let gateway: GatewayProcess;
  let chromium: Browser;
  let local: LocalSwap;
  let publisher: Page;
  let viewer: Page;

  beforeAll(async () => {
    site = await PageServer.open();
    gateway = await GatewayProcess.start({
      GUISE_ACCESS_SECRET: SECRET,
      GUISE_ORIGINS: site.origin,
      // Chromium reaches it wherever these tests run.
      GUISE_ANNOUNCE: '127.0.0.1',
    });
    local = await LocalSwap.open();
    chromium = await launchChromium({ camera: await stampedCamera(CLIP) });
    [publisher, viewer] = [await open(), await open()];
  });
  afterEach(async () => {
    for (const page of [publisher, viewer]) await page.evaluate(() => window.client.stop());
  });
  afterAll(async () => {
    await chromium?.close();
    await gateway?.stop();
    await local?.close();
    site?.close();
  });

  async function open(): Promise<Page> {
    const page = await chromium.newPage();
    await page.goto(site.origin);
    return page;
  }

  async function place(kind: 'whip' | 'whep', room: string, claims: Partial<Claims> = {}): Promise<Place> {
    const grant = kind === 'whip' ? 'publish' : 'view';
    const token = await signToken({ grants: [grant], room, ...claims }, { secret: SECRET, lifetime: 600 });
    return { endpoint: `${gateway.url}/${kind}/${room}`, token };
  }

  const worn = (): Worn => ({ local, clip: CLIP, identity: IDENTITY });

  /** Until the page has shown the identity, never the caller, and heard the room. A busy machine hides most frames. */
  async function untilWorn(page: Page): Promise<void> {
    const seen: Judged[] = [];
    const isSeen = async (): Promise<boolean> => {
      seen.push(...(await judgeNext(page, worn())));
      return seen.some(isWorn);
    };
    await expect.poll(isSeen, LIMIT).toBe(true);
    for (const { shown } of seen) expect(shown?.toCaller ?? 0).toBeLessThan(EXPOSED);
    await expect.poll(async () => page.evaluate(() => window.client.soundPackets()), LIMIT).toBeGreaterThan(50);
  }

  async function isOver(room: string): Promise<void> {
    const { token } = await place('whep', room, { grants: ['control'] });
    const headers = { authorization: `Bearer ${token}` };
    const status = async (): Promise<number> => (await fetch(`${gateway.url}/v1/rooms/${room}`, { headers })).status;
    await expect.poll(status, LIMIT).toBe(404);
  }

  it('is published into and watched by whip-whep', async () => {
    await publisher.evaluate((to) => window.client.publish(to), await place('whip', 'a', { identity: IDENTITY }));
    await viewer.evaluate((to) => window.client.watch(to), await place('whep', 'a'));
    await untilWorn(viewer);
    await publisher.evaluate(() => window.client.stop());
    await isOver('a');
  });

  it('is published into by @eyevinn/whip-web-client', async () => {
    await publisher.evaluate(
      (to) => window.client.publishByEyevinn(to),
      await place('whip', 'b', { identity: IDENTITY }),
    );
    await viewer.evaluate((to) => window.client.watch(to), await place('whep', 'b'));
    await untilWorn(viewer);
    await publisher.evaluate(() => window.client.stop());
    await isOver('b');
  });

  it('is published into by the WHIP muxer of FFmpeg, H.264 and Opus', async () => {
    const { endpoint, token } = await place('whip', 'c', { identity: IDENTITY });
    const ffmpeg = await FfmpegWhip.publish(await talkingFile(CLIP), endpoint, token);
    onTestFinished(() => ffmpeg.stop());
    console.log(`FFmpeg could send media ${Math.round(ffmpeg.connected)} ms after it began to publish`);
    await viewer.evaluate((to) => window.client.watch(to), await place('whep', 'c'));
    await untilWorn(viewer);
    await ffmpeg.stop();
    await isOver('c');
  });

  it.each(Array.from({ length: JOINS }, (_, join) => join))(
    'shows whoever waits for it a first picture (%d)',
    async (join) => {
      const whip = await place('whip', `first-${join}`, { identity: IDENTITY });
      const whep = await place('whep', `first-${join}`);
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
      const first = await judgeKept(viewer, 0, worn());
      let swapped = first;
      for (let index = 1; !isWorn(swapped); index++) swapped = await judgeKept(viewer, index, worn());
      const after = [first, swapped].map(({ at }) => Math.round(at - begun));
      console.log(`first picture ${after[0]} ms after the POST, first swapped one ${after[1]} ms`);
    },
  );
});
