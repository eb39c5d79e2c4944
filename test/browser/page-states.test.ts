/** The page against the world: each trouble shows a plain sentence, and the call comes back by itself. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PATIENCE } from '../support/patience.ts';
import { EXPOSED } from '../bench/judge/patch.ts';
import { GatewayProcess } from '../bench/gateway/gateway-process.ts';
import type { ClipSettings } from '../media/clip.ts';
import { Relay } from '../relay/relay.ts';
import { BROWSER_SKIPPED } from './chromium.ts';
import { dismissQuestion, occupyCamera, plugCameraIn, unplugCamera } from './studio/camera-plug.ts';
import { callerShown } from './studio/judge-frames.ts';
import { freezeAndThaw, keepStates, setCameraPermission, throughRelay, untilShown } from './studio/page-world.ts';
import { keepFrames, takeFrames, untilSwapped } from './studio/returned-frames.ts';
import { slowCamera } from './studio/stamp.ts';
import { offerPhoto, openStudio, PATIENT, pick, startCamera, type Studio } from './studio/studio.ts';

const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480 };

describe.skipIf(BROWSER_SKIPPED)('the studio page, while the world changes (left out by GUISE_SKIP=browser)', () => {
  let studio: Studio;
  let page: Page;
  beforeAll(async () => {
    studio = await openStudio({ camera: await slowCamera(CLIP), asks: true });
    page = studio.page;
  });
  afterAll(() => studio?.close());
  beforeEach(async () => {
    await setCameraPermission(studio, 'granted');
    await page.reload();
    await page.locator('#picker input').first().waitFor({ state: 'attached' });
  });

  const inState = (name: string): Promise<void> => page.locator(`#state[data-state="${name}"]`).waitFor();
  /** The sentence, as it is read out. */
  const said = (words: RegExp): Promise<void> => page.getByRole('status').filter({ hasText: words }).waitFor();
  const peers = (): Promise<number> => page.evaluate(() => window.peers.length);

  // First: once Chromium has been told no, it stays at that where it would ask.
  it('says when the question was closed without an answer', async () => {
    await setCameraPermission(studio, 'prompt');
    await dismissQuestion(page);
    await page.click('#start');
    await said(/not allowed the camera yet/);
    await setCameraPermission(studio, 'granted');
    await inState('live');
  });

  it('says that the camera is blocked, starts once it is allowed, and stops and comes back when that changes in the call', async () => {
    await setCameraPermission(studio, 'denied');
    await page.selectOption('#size', '640x480');
    await page.click('#start');
    await said(/The camera is blocked/);
    await setCameraPermission(studio, 'granted');
    await inState('live');
    await setCameraPermission(studio, 'denied');
    await said(/The camera is blocked/);
    expect(await page.evaluate(() => (document.getElementById('self') as HTMLVideoElement).srcObject)).toBeNull();
    await setCameraPermission(studio, 'granted');
    await inState('live');
    expect(await peers()).toBe(1);
  });

  it('waits for a camera that another program uses, and for one that was unplugged, in the same call', async () => {
    await occupyCamera(page);
    await page.selectOption('#size', '640x480');
    await page.click('#start');
    await said(/Another program uses the camera/);
    await plugCameraIn(page);
    await inState('live');
    await pick(page, 'mask:gold');
    await untilSwapped(page);
    await unplugCamera(page);
    await said(/The camera was unplugged/);
    await page.focus('#retry');
    await plugCameraIn(page);
    await inState('live');
    await untilSwapped(page);
    expect(await page.locator('#picker input:checked').inputValue()).toBe('mask:gold');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('start');
    expect(await peers()).toBe(1);
  });

  it('keeps the call while its tab is hidden or frozen, and shows the live picture at once afterwards', async () => {
    await startCamera(page);
    await keepStates(page);
    await freezeAndThaw(page);
    await untilShown(page);
    await page.waitForFunction(() => window.passed.at(-1) !== 'checking');
    expect((await page.evaluate(() => window.passed)).filter((name) => name !== 'checking' && name !== 'live')).toEqual(
      [],
    );
    expect(await peers()).toBe(1);
  });

  it('asks for a sign of life after sleep: the call goes on, or is made anew without waiting for a time-out', async () => {
    const sleepAnHour = (): Promise<void> =>
      page.evaluate(() => {
        const { now } = Date;
        Date.now = () => now() + 3_600_000;
      });
    const [gateway] = studio.gateway.pids as [number];
    await startCamera(page);
    await keepStates(page);
    await sleepAnHour();
    await page.waitForFunction(() => window.passed.join() === 'checking,live');
    expect(await peers()).toBe(1);

    process.kill(gateway, 'SIGSTOP');
    try {
      await sleepAnHour();
      await said(/This computer was asleep/);
    } finally {
      process.kill(gateway, 'SIGCONT');
    }
    await inState('live');
    expect(await peers()).toBe(2);
  });

  it('says that there is no network, comes back with it, and shows no picture of the caller on the way', async () => {
    try {
      await startCamera(page);
      await pick(page, 'mask:gold');
      await untilSwapped(page);
      await page.context().setOffline(true);
      await said(/There is no network/);
      const again = page.evaluate(
        () =>
          new Promise<void>((resolve) =>
            document.getElementById('swapped')!.addEventListener('loadstart', () => resolve(), { once: true }),
          ),
      );
      await page.context().setOffline(false);
      await again;
      // Until a frame can be judged: those that are hidden whole carry no number.
      for (let shares: number[] = []; shares.length === 0;) {
        await keepFrames(page, 'swapped', 60);
        shares = callerShown(await takeFrames(page), CLIP);
        for (const share of shares) expect(share).toBeLessThan(EXPOSED);
      }
      await inState('live');
    } finally {
      await page.context().setOffline(false);
    }
  });

  it('finds another path in the same session where only the media’s was interrupted', async () => {
    const relay = new Relay();
    const relayed = await page.context().newPage();
    try {
      const offers = await throughRelay(relayed, relay);
      await relayed.goto(`${studio.gateway.url}/${PATIENT}`);
      await startCamera(relayed);
      await keepStates(relayed);
      for (const direction of ['up', 'down'] as const) relay.set(direction, { cut: true });
      await relayed.waitForFunction(() => window.passed.join() === 'restoring,live');
      await untilShown(relayed);
      expect(offers.length).toBe(2);
      expect(await relayed.evaluate(() => window.peers.length)).toBe(1);
    } finally {
      await relayed.close();
      relay.close();
    }
  });

  it('comes back after the gateway was restarted, with the same photo, strength and mirror', async () => {
    const hellos: string[] = [];
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => hellos.push(String(payload))));
    await startCamera(page);
    await page.fill('#opacity', '60');
    await page.uncheck('#mirror');
    await offerPhoto(page);
    await page.click('#consent button.primary');
    const photo = page.locator('#picker input:checked:not([value^="mask:"])');
    await photo.waitFor({ state: 'attached' });
    const before = await photo.inputValue();

    await studio.gateway.stop();
    await inState('waiting');
    await said(/again by itself/);
    hellos.length = 0;
    const again = await GatewayProcess.start({
      GUISE_PORT: new URL(studio.gateway.url).port,
      GUISE_PIXEL_THREADS: '1',
    });
    try {
      await page.locator('#state[data-state="live"]').waitFor({ timeout: 60_000 });
      await untilSwapped(page);
      await expect.poll(() => photo.inputValue(), PATIENCE).not.toBe(before);
      const renewed = await photo.inputValue();
      await expect.poll(() => hellos, PATIENCE).toContain(JSON.stringify({ type: 'change', identity: renewed }));
      expect(hellos.find((message) => message.includes('"hello"'))).toContain('"opacity":0.6');
      expect(await page.isChecked('#mirror')).toBe(false);
    } finally {
      await again.stop();
    }
  });
});
