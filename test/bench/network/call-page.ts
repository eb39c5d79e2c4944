import type { Browser, BrowserContext, Page } from 'playwright-core';
import { monotonic, wallClock, type Milli } from '../../../src/time.ts';
import { accept, offer, samples, type PageCall, type Sample } from './page-script.ts';

/** Where the page seems to come from: a camera is allowed on localhost only. Nothing is asked of the network. */
const PLACE = 'http://localhost/';
const HTML = '<!doctype html><video id="back" autoplay playsinline muted></video>';
/** How often the page reads its statistics; Chromium renews them each 50 ms. */
const INTERVAL: Milli = 100;
const LIMIT: Milli = 120_000;

/** Who answers a page: a gateway, or an echo. */
export interface Answerer {
  /** Takes an offer, gives the answer. Each call is a new session. */
  answer(offer: string): Promise<string>;
  /** Frames that its sessions have given up so far, by `stage:reason`. */
  readonly drops: Readonly<Record<string, number>>;
  /** Ends all its sessions. */
  close(): Promise<void>;
}

/** One call of a real Chromium by a bare page: camera out, picture back, statistics each 100 ms. */
export class CallPage {
  readonly #context: BrowserContext;
  readonly #page: Page;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.#page = page;
  }

  /** Opens a page and calls. @param answer gives the answer that the page is to see, e.g. by way of a relay */
  static async call(browser: Browser, wanted: PageCall, answer: (offer: string) => Promise<string>): Promise<CallPage> {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route(PLACE, (route) => route.fulfill({ contentType: 'text/html', body: HTML }));
    await page.goto(PLACE);
    const sdp = await answer(await page.evaluate(offer, wanted));
    await page.evaluate(accept, { sdp, interval: INTERVAL });
    return new CallPage(context, page);
  }

  /** All samples so far, with their times on this machine's monotonic clock. */
  async samples(): Promise<readonly Sample[]> {
    const offset = monotonic.now() - wallClock();
    return (await this.#page.evaluate(samples)).map((sample) => ({ ...sample, at: sample.at + offset }));
  }

  /** Resolves with the newest sample for which `condition` holds; rejects if there is none for two minutes. */
  async until(condition: (sample: Sample) => boolean): Promise<Sample> {
    for (const limit = monotonic.now() + LIMIT; monotonic.now() < limit;) {
      const newest = (await this.samples()).at(-1);
      if (newest && condition(newest)) return newest;
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    }
    throw new Error('what the page awaits must come within two minutes');
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}
