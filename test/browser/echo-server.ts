/** A page, and behind it a session whose pixel half gives back every chunk as it came. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { isSendCodec } from '../../src/media/chunk.ts';
import { MediaSession } from '../../src/session/io/media-session.ts';
import type { FromPixel, ToPixel } from '../../src/session/pixel.ts';
import { sessionSettingsSchema, type SessionSettings } from '../../src/session/settings.ts';
import type { SessionFigures } from '../../src/session/statistics.ts';
import type { CreateTransport } from '../../src/session/transport/create-transport.ts';
import type { TransportSettings } from '../../src/session/transport/werift-transport.ts';
import { WeriftTransport } from '../../src/session/transport/werift-transport.ts';
import { monotonic, type Milli } from '../../src/time.ts';
import { withoutCandidates } from '../relay/answer.ts';
import type { Relay } from '../relay/relay.ts';

/** What the pixel half does with a message: the messages that it answers. */
export function echo(message: ToPixel, budget: Milli): FromPixel[] {
  const { session } = message;
  if (message.type === 'identity') return [{ type: 'changed', session }];
  // An echo cannot make a keyframe: the camera must.
  if (message.type === 'keyframe') return [{ type: 'need-keyframe', session }];
  if (message.type !== 'chunk') return [];
  const { codec, data, timestamp, keyframe, decodable, captureTime } = message.chunk;
  const credit = { type: 'credit', session, count: 1 } as const;
  if (!isSendCodec(codec)) return [credit];
  const chunk = { codec, data, timestamp, keyframe, ...(captureTime && { captureTime }) };
  return [credit, { type: 'chunk', session, chunk, outcome: 'clear', decodable, deadline: decodable + budget }];
}

export interface EchoOptions {
  readonly settings?: Partial<SessionSettings>;
  readonly transport?: TransportSettings;
  /** Makes the transport. Default: werift's. */
  readonly make?: CreateTransport;
  /** Milliseconds that the pixel half takes for each chunk. */
  readonly delay?: Milli;
  /** Nothing goes back: the browser has nothing to do but to send. */
  readonly silent?: boolean;
}

/** Serves an empty page on the loopback, where a camera is allowed. */
export class EchoServer {
  readonly figures: SessionFigures[] = [];
  readonly states: string[] = [];
  readonly toPixel: ToPixel[] = [];
  readonly session: MediaSession;
  readonly #http: Server;

  private constructor(http: Server, options: EchoOptions) {
    this.#http = http;
    const settings = sessionSettingsSchema.parse(options.settings ?? {});
    const { make = (...all) => new WeriftTransport(...all) } = options;
    const answer = (message: ToPixel): void => {
      for (const reply of echo(message, settings.budget)) {
        if (reply.type !== 'chunk' || options.silent !== true) this.session.onPixel(reply);
      }
    };
    this.session = new MediaSession({
      id: 'echo',
      settings,
      identity: null,
      clock: monotonic,
      createTransport: (events) =>
        make({ ...options.transport, ...(settings.codec && { codec: settings.codec }) }, events, monotonic),
      pixel: {
        send: (message) => {
          if (message.type !== 'chunk') this.toPixel.push(message);
          if (options.delay === undefined) answer(message);
          else setTimeout(answer, options.delay, message);
        },
      },
      events: {
        onState: (state, reason) => this.states.push(reason === undefined ? state : `${state}: ${reason}`),
        onFace: () => undefined,
        onFigures: (figures) => this.figures.push(figures),
        onFailed: (code) => this.states.push(`failed: ${code}`),
      },
    });
  }

  static async open(options: EchoOptions = {}): Promise<EchoServer> {
    const http = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><video id="back" autoplay playsinline></video>');
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return new EchoServer(http, options);
  }

  /** Loads the page and gives it `answer(offer)`, over `relay` if there is one. */
  async show(page: Page, relay?: Relay): Promise<void> {
    await page.exposeFunction('answer', async (offer: string) =>
      relay ? relay.through(await this.session.answer(withoutCandidates(offer))) : this.session.answer(offer),
    );
    await this.load(page);
  }

  /** Loads the page. */
  async load(page: Page): Promise<void> {
    await page.goto(`http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`);
  }

  close(): void {
    this.session.close();
    this.#http.close();
  }
}
