/** Calls whose every chunk comes back as it was: the network without any work on pictures. */
import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { prepareTransport } from '../../src/session/transport/create-transport.ts';
import type { TransportName } from '../../src/session/transport/transport-settings.ts';
import { cached } from '../media/cache.ts';
import { y4mFrame, y4mHeader } from '../media/y4m.ts';
import type { Relay } from '../relay/relay.ts';
import { movingPicture } from '../support/moving-picture.ts';
import { launchChromium } from './chromium.ts';
import { EchoServer, type EchoOptions } from './echo-server.ts';

/** Small: what is looked at is the network, and Chromium takes a core for larger ones. */
const [WIDTH, HEIGHT, RATE] = [320, 180, 30];
/** Only the loopback: it is there on every machine. */
export const LOOPBACK = { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] };

/** What the page reports of its own connection. */
export interface PageFigures {
  readonly framesDecoded: number;
  readonly framesPerSecond: number;
  readonly packetsLost: number;
  readonly freezes: number;
  readonly available: number;
  readonly soundPackets: number;
  readonly soundEnergy: number;
}

/** A clip of two seconds at 30 fps that moves all over. */
function camera(): Promise<string> {
  return cached('sway.y4m', { WIDTH, HEIGHT, RATE, frames: 60 }, (file) => {
    const frames = Array.from({ length: 60 }, (_, index) => y4mFrame(movingPicture(WIDTH, HEIGHT, index)));
    writeFileSync(file, Buffer.concat([y4mHeader(WIDTH, HEIGHT, RATE), ...frames]));
  });
}

/** Calls the server with camera and microphone; `prefer` puts a video codec first in the offer. */
async function call(page: Page, prefer?: string): Promise<void> {
  await page.evaluate(async (name) => {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    for (const track of stream.getTracks()) {
      const transceiver = pc.addTransceiver(track, { streams: [stream] });
      if (track.kind !== 'video' || name === undefined) continue;
      const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
      const first = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${name}`);
      transceiver.setCodecPreferences([...first, ...codecs.filter((codec) => !first.includes(codec))]);
    }
    pc.ontrack = ({ streams }) => {
      (document.getElementById('back') as HTMLVideoElement).srcObject = streams[0] ?? null;
    };
    await pc.setLocalDescription(await pc.createOffer());
    const { answer } = globalThis as unknown as { answer: (offer: string) => Promise<string> };
    await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
    Object.assign(globalThis, { pc });
  }, prefer);
}

/** Reads the page's figures each 200 ms until they are as wanted; the test's own time limit ends it otherwise. */
export async function reach(page: Page, wanted: (figures: PageFigures) => boolean): Promise<PageFigures> {
  for (;;) {
    const figures = await page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const { pc } = globalThis as unknown as { pc: RTCPeerConnection };
      const all: Record<string, number | string>[] = [];
      (await pc.getStats()).forEach((entry) => all.push(entry as Record<string, number | string>));
      const find = (type: string, kind?: string): Record<string, number | string> =>
        all.find((entry) => entry['type'] === type && (kind === undefined || entry['kind'] === kind)) ?? {};
      const [video, audio] = [find('inbound-rtp', 'video'), find('inbound-rtp', 'audio')];
      const pair = all.find((entry) => entry['type'] === 'candidate-pair' && entry['nominated']);
      return {
        framesDecoded: Number(video['framesDecoded'] ?? 0),
        framesPerSecond: Number(video['framesPerSecond'] ?? 0),
        packetsLost: Number(video['packetsLost'] ?? 0),
        freezes: Number(video['freezeCount'] ?? 0),
        available: Number(pair?.['availableOutgoingBitrate'] ?? 0),
        soundPackets: Number(audio['packetsReceived'] ?? 0),
        soundEnergy: Number(audio['totalAudioEnergy'] ?? 0),
      };
    });
    if (wanted(figures)) return figures;
  }
}

/** Calls of one Chromium, each with a server of its own that echoes it. */
export class EchoCalls {
  readonly #browser: Browser;
  readonly #transport: TransportName;

  private constructor(browser: Browser, transport: TransportName) {
    this.#browser = browser;
    this.#transport = transport;
  }

  static async open(transport: TransportName): Promise<EchoCalls> {
    return new EchoCalls(await launchChromium({ camera: await camera() }), transport);
  }

  /** Lets `check` look at a call, and ends it. */
  async withCall(
    options: EchoOptions & { prefer?: string; relay?: Relay },
    check: (page: Page, server: EchoServer) => Promise<void>,
  ): Promise<void> {
    const make = await prepareTransport(this.#transport);
    const server = await EchoServer.open({ transport: LOOPBACK, make, ...options });
    const page = await this.#browser.newPage();
    try {
      await server.show(page, options.relay);
      await call(page, options.prefer);
      await check(page, server);
    } finally {
      await page.close();
      server.close();
    }
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
