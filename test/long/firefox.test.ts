/** A stock Firefox publishes and watches through the real gateway, and makes a call by its page. */
import { networkInterfaces } from 'node:os';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BROWSER_SKIPPED, launchChromium } from '../browser/chromium.ts';
import { stampedCamera } from '../browser/studio/stamp.ts';
import { findFirefox, Firefox } from '../clients/firefox/firefox.ts';
import { CLIP, figuresOf, LIMIT, Stage } from '../clients/stage.ts';

describe.skipIf(BROWSER_SKIPPED)('Firefox (left out by GUISE_SKIP=browser)', () => {
  let stage: Stage;
  let firefox: Firefox;
  let chromium: Browser;
  let other: Page;

  beforeAll(async () => {
    stage = await Stage.open(outerAddress());
    chromium = await launchChromium({ camera: await stampedCamera(CLIP) });
    other = await chromium.newPage();
    await other.goto(stage.site.origin);
    firefox = await Firefox.launch(findFirefox());
    await firefox.page.goto(stage.site.origin);
  });
  afterEach(() => other.evaluate(() => window.client.stop()));
  afterAll(async () => {
    await firefox?.close();
    await chromium?.close();
    await stage?.close();
  });

  it('watches a room', async () => {
    await other.evaluate((to) => window.client.publish(to), await stage.place('whip', 'a'));
    await firefox.page.evaluate((to) => window.client.watch(to), await stage.place('whep', 'a'));
    await stage.untilWorn(firefox.page);
    await firefox.page.evaluate(() => window.client.stop(), undefined);
  });

  it('publishes into a room', async () => {
    const to = { ...(await stage.place('whip', 'b')), file: '/video' };
    await firefox.page.evaluate((file) => window.client.publish(file), to);
    await other.evaluate((room) => window.client.watch(room), await stage.place('whep', 'b'));
    await stage.untilWorn(other);
    await firefox.page.evaluate(() => window.client.stop(), undefined);
    await stage.untilOver('b');
  });

  it('publishes its camera, of which nothing is shown while it shows no face', async () => {
    await firefox.page.evaluate((to) => window.client.publish(to), await stage.place('whip', 'c'));
    await other.evaluate((to) => window.client.watch(to), await stage.place('whep', 'c'));
    await expect.poll(async () => (await figuresOf(other)).framesDecoded, LIMIT).toBeGreaterThan(60);
    expect(await (await stage.state('c')).json()).toMatchObject({ figures: { clear: 0, swapped: 0 } });
    await firefox.page.evaluate(() => window.client.stop(), undefined);
  });

  it('makes a call by the page', async () => {
    const token = await stage.token({ grants: ['publish'] });
    await firefox.page.goto(`${stage.gateway.url}/#token=${token}`);
    await firefox.page.evaluate(() => document.getElementById('start')!.click(), undefined);
    const state = (): Promise<string | undefined> =>
      firefox.page.evaluate(() => document.getElementById('state')!.dataset['state'], undefined);
    await expect.poll(state, LIMIT).toBe('live');
    const frames = (): Promise<number> =>
      firefox.page.evaluate(() => {
        const element = document.getElementById('swapped') as HTMLVideoElement;
        return new Promise<number>((resolve) =>
          element.requestVideoFrameCallback((_now, { presentedFrames }) => resolve(presentedFrames)),
        );
      }, undefined);
    await expect.poll(frames, LIMIT).toBeGreaterThan(60);
  });
});

/** Without leave to use a camera, Firefox offers the address of its default route alone, which does not reach the loopback. */
function outerAddress(): string {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  return outside?.address ?? '127.0.0.1';
}
