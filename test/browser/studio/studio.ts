import type { Browser, Page } from 'playwright-core';
import { GatewayProcess } from '../../bench/gateway/gateway-process.ts';
import { portraitFile } from '../../media/portrait.ts';
import { launchChromium } from '../chromium.ts';
import { keepPeers } from './peers.ts';

/** The real gateway with its page open in a real Chromium. */
export interface Studio {
  readonly gateway: GatewayProcess;
  readonly browser: Browser;
  readonly page: Page;
  /** What went wrong in the page's own script. */
  readonly pageErrors: readonly string[];
  close(): Promise<void>;
}

export interface StudioOptions {
  /** y4m file for the camera. */
  readonly camera: string;
  /** wav file for the microphone. */
  readonly microphone?: string;
  /** Ask before the page gets the camera; it is granted. Default false. */
  readonly asks?: boolean;
  /** The page's query; patient unless another one is given. */
  readonly query?: string;
  /** Settings of the gateway, as environment. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** On a busy machine frames are late, and then hidden: where that is not what is looked at, they may take their time. */
export const PATIENT = '?budget=500';

/** Starts gateway and browser, opens the page and waits for its masks. The camera is still off. */
export async function openStudio({
  camera,
  microphone,
  asks = false,
  query = PATIENT,
  settings,
}: StudioOptions): Promise<Studio> {
  // Each thread warms up for seconds: one will do for the call of one page.
  const gateway = await GatewayProcess.start({ GUISE_PIXEL_THREADS: '1', ...settings });
  const browser = await launchChromium({ camera, asks, ...(microphone === undefined ? {} : { microphone }) });
  const context = await browser.newContext({ viewport: { width: 1280, height: 1100 } });
  await keepPeers(context);
  if (asks) await context.grantPermissions(['camera', 'microphone'], { origin: gateway.url });
  const page = await context.newPage();
  const pageErrors: string[] = [];
  page.on('pageerror', (error) => pageErrors.push(error.message));
  await page.goto(`${gateway.url}/${query}`);
  await page.locator('#picker input').first().waitFor({ state: 'attached' });
  return {
    gateway,
    browser,
    page,
    pageErrors,
    close: async () => {
      await browser.close();
      await gateway.stop();
    },
  };
}

/** Presses “Start camera” and waits until the call is live. */
export async function startCamera(page: Page, size = '640x480'): Promise<void> {
  await page.selectOption('#size', size);
  await page.click('#start');
  await page.locator('#state[data-state="live"]').waitFor();
  await page.waitForFunction(() => (document.getElementById('swapped') as HTMLVideoElement).videoWidth > 0);
}

/** Picks an identity by its value, as a person does by its tile. */
export async function pick(page: Page, identity: string): Promise<void> {
  await page.locator(`#picker input[value="${identity}"]`).check({ force: true });
}

/** Chooses the portrait as a photo on the page, and answers all of the consent question but its button. */
export async function offerPhoto(page: Page): Promise<void> {
  await page.setInputFiles('#photo', portraitFile('astronaut'));
  await page.fill('#subject', 'Eileen Collins, public-domain portrait');
  await page.fill('#granted-by', 'the test');
  await page.check('#agreed');
}

/** Agrees to the photo that was offered, and waits until it is the one that is worn. */
export async function agreeToPhoto(page: Page): Promise<void> {
  await page.click('#consent button.primary');
  await page.locator('#picker input:checked:not([value^="mask:"])').waitFor({ state: 'attached' });
}
