/** What happens around a page, as far as a browser can be told to let it happen. */
import type { Page } from 'playwright-core';
import { withoutCandidates } from '../../relay/answer.ts';
import type { Relay } from '../../relay/relay.ts';
import type { Studio } from './studio.ts';

declare global {
  interface Window {
    /** Names of the states that the page went through. */
    passed: string[];
  }
}

/** What the person chose for the camera in the browser's own menu. */
export async function setCameraPermission(
  { browser, gateway, page }: Studio,
  setting: 'granted' | 'denied' | 'prompt',
): Promise<void> {
  const { url: origin } = gateway;
  if (setting === 'granted') return page.context().grantPermissions(['camera', 'microphone'], { origin });
  const cdp = await browser.newBrowserCDPSession();
  const { browserContextIds } = await cdp.send('Target.getBrowserContexts');
  const permission = { name: 'camera' };
  for (const browserContextId of browserContextIds)
    await cdp.send('Browser.setPermission', { permission, setting, origin, browserContextId });
  await cdp.detach();
}

/** From now on the names of the page's states are kept in `window.passed`. */
export async function keepStates(page: Page): Promise<void> {
  await page.evaluate(() => {
    const state = document.getElementById('state')!;
    window.passed = [];
    new MutationObserver((changes) => {
      window.passed.push(...changes.map(() => state.dataset['state']!));
    }).observe(state, { attributeFilter: ['data-state'] });
  });
}

/**
 * The tab is hidden, nothing of its script runs for five seconds, and it is shown again. Headless Chromium, as Playwright
 * drives it, has no tab that is not in front: the page is told so, and its thread is held.
 */
export async function freezeAndThaw(page: Page): Promise<void> {
  await page.evaluate(() => {
    let visibility: DocumentVisibilityState = 'hidden';
    Object.defineProperty(document, 'visibilityState', { get: () => visibility });
    document.dispatchEvent(new Event('visibilitychange'));
    const until = performance.now() + 5000;
    while (performance.now() < until);
    visibility = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

/** Waits until the way back shows a picture that has just come. */
export async function untilShown(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((resolve) =>
        (document.getElementById('swapped') as HTMLVideoElement).requestVideoFrameCallback(() => resolve()),
      ),
  );
}

/**
 * The page's media goes through `relay`, its signalling does not. Before the page is opened. The offers that it makes are
 * added to what is returned; where one is not the first, the relay is no longer cut.
 */
export async function throughRelay(page: Page, relay: Relay): Promise<readonly string[]> {
  const offers: string[] = [];
  await page.routeWebSocket('**/v1/session', (socket) => {
    const gateway = socket.connectToServer();
    socket.onMessage((text) => {
      const message = JSON.parse(String(text)) as { type: string; sdp: string };
      if (message.type === 'candidate') return;
      if (message.type === 'offer' && offers.push(message.sdp) > 1)
        for (const direction of ['up', 'down'] as const) relay.set(direction, { cut: false });
      gateway.send(
        JSON.stringify(message.type === 'offer' ? { ...message, sdp: withoutCandidates(message.sdp) } : message),
      );
    });
    gateway.onMessage(async (text) => {
      const message = JSON.parse(String(text)) as { type: string; sdp: string };
      if (message.type === 'answer') message.sdp = await relay.through(message.sdp);
      socket.send(JSON.stringify(message));
    });
  });
  return offers;
}
