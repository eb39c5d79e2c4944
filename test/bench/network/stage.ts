import type { Browser } from 'playwright-core';
import type { TransportName } from '../../../src/session/transport/transport-settings.ts';
import type { Milli } from '../../../src/time.ts';
import { launchChromium } from '../../browser/chromium.ts';
import { y4mClip } from '../../media/clip.ts';
import { withoutCandidates } from '../../relay/answer.ts';
import { Relay, type RelayOptions } from '../../relay/relay.ts';
import { EchoAnswerer, GatewayAnswerer } from './answerer.ts';
import { CallPage, type Answerer } from './call-page.ts';
import { PlainEchoAnswerer } from './plain-echo.ts';

/** Deviation of the camera's noise in luma steps: at 4 and 720p both encoders use all of 2.5 Mbit/s. */
const NOISE = 4;

/** How the rows are run. */
export interface StageOptions {
  readonly width: number;
  readonly height: number;
  readonly codec: string;
  /** Measured seconds of the rows that watch a steady call. */
  readonly seconds: number;
  readonly seed: number;
  /** Which transport the gateway uses. */
  readonly transport: TransportName;
  /** No work on pictures: each chunk goes back as it came. */
  readonly echo: boolean;
}

export const wait = (duration: Milli): Promise<void> => new Promise((resolve) => setTimeout(resolve, duration));

/** A browser, who answers it, and the relay between them. */
export class Stage {
  readonly relay: Relay;
  readonly #browser: Browser;
  readonly #answerer: Answerer;
  readonly #options: StageOptions;

  private constructor(relay: Relay, browser: Browser, answerer: Answerer, options: StageOptions) {
    this.relay = relay;
    this.#browser = browser;
    this.#answerer = answerer;
    this.#options = options;
  }

  static async open(options: StageOptions, links: RelayOptions = {}, plain = false): Promise<Stage> {
    const { width, height, seed, transport, echo } = options;
    const camera = await y4mClip({ script: 'talk', width, height, noise: NOISE });
    const answerer = plain
      ? new PlainEchoAnswerer()
      : echo
        ? await EchoAnswerer.start(transport)
        : await GatewayAnswerer.start({ GUISE_MEDIA_TRANSPORT: transport });
    return new Stage(new Relay({ seed, ...links }), await launchChromium({ camera }), answerer, options);
  }

  /** A call through the relay; resolves when its first picture is back. */
  async call(): Promise<CallPage> {
    const page = await CallPage.call(this.#browser, this.#options, async (offer) =>
      this.relay.through(await this.#answerer.answer(withoutCandidates(offer))),
    );
    await page.until(({ framesDecoded }) => framesDecoded > 0);
    return page;
  }

  /** Frames that the gateway has given up so far, by `stage:reason`: why a row is as it is. */
  get drops(): Readonly<Record<string, number>> {
    return { ...this.#answerer.drops };
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#answerer.close();
    this.relay.close();
  }
}
