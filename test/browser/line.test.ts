/** Pages before a full gateway: they wait in line, are told their place, and get in by themselves. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { BROWSER_SKIPPED } from './chromium.ts';
import { slowCamera } from './studio/stamp.ts';
import { openStudio, startCamera, type Studio } from './studio/studio.ts';

describe.skipIf(BROWSER_SKIPPED)('a page before a full gateway (left out by GUISE_SKIP=browser)', () => {
  let studio: Studio;
  beforeAll(async () => {
    const camera = await slowCamera({ script: 'talk', width: 640, height: 480 });
    studio = await openStudio({ camera, settings: { GUISE_SESSIONS: '1' } });
  });
  afterAll(() => studio?.close());

  it('waits in line, says its place, and is let in when whoever was before it stops or closes the page', async () => {
    await startCamera(studio.page);
    const next = await waitingPage(studio);
    await said(next, /The gateway is full\. You are next\./);
    const last = await waitingPage(studio);
    await said(last, /You are number 2 in line/);

    await studio.page.click('#start');
    await isLive(next);
    await said(last, /You are next/);

    await next.close();
    await isLive(last);
  });
});

/** Another page of the same gateway, which has asked for a call and was put in line. */
async function waitingPage({ page, gateway }: Studio): Promise<Page> {
  const other = await page.context().newPage();
  await other.goto(gateway.url);
  await other.selectOption('#size', '640x480');
  await other.click('#start');
  await other.locator('#state[data-state="queued"]').waitFor();
  return other;
}

/** The sentence, as it is read out. */
async function said(page: Page, words: RegExp): Promise<void> {
  await page.getByRole('status').filter({ hasText: words }).waitFor();
}

/** It has a call, and pictures come back. */
async function isLive(page: Page): Promise<void> {
  await page.locator('#state[data-state="live"]').waitFor();
  await page.waitForFunction(() => (document.getElementById('swapped') as HTMLVideoElement).videoWidth > 0);
}
