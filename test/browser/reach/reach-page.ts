/** A page that calls an echo over the ways that a test leaves it, and tells which one it took. */
import type { Browser, Page } from 'playwright-core';
import type { TransportSettings } from '../../../src/session/transport/transport-settings.ts';
import { withoutCandidates } from '../../relay/answer.ts';
import type { Relay } from '../../relay/relay.ts';
import { EchoServer } from '../echo-server.ts';

/** What the page sees of its way to the gateway. */
export interface Way {
  readonly framesDecoded: number;
  /** Of the pair in use: `udp` or `tcp`, and the gateway's address. */
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  /** Checks that the gateway made over it. */
  readonly checksReceived: number;
  readonly connection: string;
  readonly gatewayUfrag: string;
}

export interface CallOptions {
  /** Only candidates of the answer whose line has this are taken. */
  readonly only?: string;
  /** Tell candidates by themselves, after the offer. Default: within it. */
  readonly trickle?: boolean;
  /** Everything goes through it; the offer then names no candidates. */
  readonly relay?: Relay;
}

interface PageState {
  pc: RTCPeerConnection;
  answer(offer: string): Promise<string>;
  candidate(line: string, mid: string): Promise<void>;
}

export class ReachPage {
  readonly page: Page;
  readonly server: EchoServer;
  #options: CallOptions = {};

  private constructor(page: Page, server: EchoServer) {
    this.page = page;
    this.server = server;
  }

  static async open(browser: Browser, transport: TransportSettings): Promise<ReachPage> {
    const [server, page] = [await EchoServer.open({ transport }), await browser.newPage()];
    const reach = new ReachPage(page, server);
    await page.exposeFunction('answer', (offer: string) => reach.#answer(offer));
    await page.exposeFunction('candidate', (line: string, mid: string) => server.session.addCandidate(line, mid));
    await server.load(page);
    return reach;
  }

  /** Calls. */
  async call(options: CallOptions = {}): Promise<void> {
    this.#options = options;
    await this.page.evaluate(async (trickle) => {
      const state = globalThis as unknown as PageState;
      const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
      for (const track of stream.getTracks()) pc.addTransceiver(track, { streams: [stream] });
      pc.ontrack = ({ streams }) => {
        (document.getElementById('back') as HTMLVideoElement).srcObject = streams[0] ?? null;
      };
      const offer = await pc.createOffer();
      pc.onicecandidate = ({ candidate }) => {
        if (trickle && candidate?.candidate) void state.candidate(candidate.candidate, candidate.sdpMid ?? '');
      };
      await pc.setLocalDescription(offer);
      const sdp = trickle ? offer.sdp : pc.localDescription?.sdp;
      await pc.setRemoteDescription({ type: 'answer', sdp: await state.answer(sdp ?? '') });
      Object.assign(globalThis, { pc });
    }, options.trickle === true);
  }

  /** Restarts ICE, over other candidates if they are named. */
  async restart(options: CallOptions = this.#options): Promise<void> {
    this.#options = options;
    await this.page.evaluate(async () => {
      const { pc, answer } = globalThis as unknown as PageState;
      await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
      await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
    });
  }

  /** Reads the way each 200 ms until it is as wanted; the test's own time limit ends it otherwise. */
  async reach(wanted: (way: Way) => boolean): Promise<Way> {
    for (;;) {
      const way = await this.page.evaluate(readWay);
      if (wanted(way)) return way;
    }
  }

  /** The page leaves as a page does that hangs up. */
  async hangUp(): Promise<void> {
    await this.page.evaluate(() => (globalThis as unknown as PageState).pc.close());
  }

  async close(): Promise<void> {
    await this.page.close();
    this.server.close();
  }

  async #answer(offer: string): Promise<string> {
    const { relay, only } = this.#options;
    if (relay === undefined && only === undefined) return this.server.session.answer(offer);
    // A gateway that checks itself shall find no other way either.
    const sdp = await this.server.session.answer(withoutCandidates(offer));
    if (relay !== undefined) return relay.through(sdp);
    const lines = sdp.split('\r\n').filter((line) => !line.startsWith('a=candidate:') || line.includes(only ?? ''));
    return lines.join('\r\n');
  }
}

/** Runs in the page. */
async function readWay(): Promise<Way> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { pc } = globalThis as unknown as PageState;
  const all = new Map<string, Record<string, unknown>>();
  (await pc.getStats()).forEach((entry: Record<string, unknown>, id: string) => all.set(id, entry));
  const entries = [...all.values()];
  const transport = entries.find((entry) => entry['type'] === 'transport');
  const pair = all.get(String(transport?.['selectedCandidatePairId'])) ?? {};
  const remote = all.get(String(pair['remoteCandidateId'])) ?? {};
  const video = entries.find((entry) => entry['type'] === 'inbound-rtp' && entry['kind'] === 'video') ?? {};
  return {
    framesDecoded: Number(video['framesDecoded'] ?? 0),
    protocol: String(remote['protocol']),
    address: String(remote['address']),
    port: Number(remote['port']),
    checksReceived: Number(pair['requestsReceived'] ?? 0),
    connection: pc.connectionState,
    gatewayUfrag: /a=ice-ufrag:(\S+)/.exec(pc.remoteDescription?.sdp ?? '')?.[1] ?? '',
  };
}
