import { availableParallelism } from 'node:os';
import { expect } from 'vitest';
import { signToken, type Claims } from '../../src/api/access/token.ts';
import { GatewayProcess } from '../bench/gateway/gateway-process.ts';
import { EXPOSED } from '../bench/judge/patch.ts';
import { LocalSwap } from '../bench/local-swap.ts';
import type { ClipSettings } from '../media/clip.ts';
import type { PageFigures, Place } from './page/client-page.ts';
import { PageServer } from './page/page-server.ts';
import { talkingFile } from './talking-file.ts';
import { isWorn, judgeNext, type AskedPage, type Judged, type Worn } from './viewer.ts';

/** What is published: a known face that talks, its frames numbered. */
export const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480 };
export const IDENTITY = 'mask:gold';
/** Bounds against a hang: a busy machine gives frames up, and hides what it has no time to swap. */
export const LIMIT = { timeout: 120_000 };
const SECRET = 'a secret of the tests, long enough';

/** A gateway with a secret and a page of another origin, in which programs of others publish and watch. */
export class Stage {
  readonly site: PageServer;
  readonly gateway: GatewayProcess;
  readonly #local: LocalSwap;

  private constructor(site: PageServer, gateway: GatewayProcess, local: LocalSwap) {
    this.site = site;
    this.gateway = gateway;
    this.#local = local;
  }

  /** @param announce the one address at which callers reach the gateway */
  static async open(announce: string): Promise<Stage> {
    const site = await PageServer.open(await talkingFile(CLIP, 'webm'));
    const gateway = await GatewayProcess.start({
      GUISE_ACCESS_SECRET: SECRET,
      GUISE_ORIGINS: site.origin,
      GUISE_ANNOUNCE: announce,
      GUISE_PIXEL_THREADS: String(availableParallelism()),
    });
    return new Stage(site, gateway, await LocalSwap.open());
  }

  get worn(): Worn {
    return { local: this.#local, clip: CLIP, identity: IDENTITY };
  }

  /** A room's URL with a token for it: that to publish wears the identity. */
  async place(kind: 'whip' | 'whep', room: string): Promise<Place> {
    const claims =
      kind === 'whip' ? { grants: ['publish' as const], identity: IDENTITY } : { grants: ['view' as const] };
    return { endpoint: `${this.gateway.url}/${kind}/${room}`, token: await this.token({ ...claims, room }) };
  }

  token(claims: Claims): Promise<string> {
    return signToken(claims, { secret: SECRET, lifetime: 600 });
  }

  /** What the gateway tells of a room. */
  async state(room: string): Promise<Response> {
    const token = await this.token({ grants: ['control'], room });
    return await fetch(`${this.gateway.url}/v1/rooms/${room}`, { headers: { authorization: `Bearer ${token}` } });
  }

  /** Until the page has shown the identity, never the caller, and heard the room. A busy machine hides most frames. */
  async untilWorn(page: AskedPage): Promise<void> {
    const seen: Judged[] = [];
    const isSeen = async (): Promise<boolean> => {
      seen.push(...(await judgeNext(page, this.worn)));
      return seen.some(isWorn);
    };
    await expect.poll(isSeen, LIMIT).toBe(true);
    for (const { shown } of seen) expect(shown?.toCaller ?? 0).toBeLessThan(EXPOSED);
    await expect.poll(async () => (await figuresOf(page)).soundPackets, LIMIT).toBeGreaterThan(50);
  }

  async untilOver(room: string): Promise<void> {
    await expect.poll(async () => (await this.state(room)).status, LIMIT).toBe(404);
  }

  async close(): Promise<void> {
    await this.gateway.stop();
    await this.#local.close();
    this.site.close();
  }
}

/** What runs in the page, from the browser's statistics. */
export function figuresOf(page: AskedPage): Promise<PageFigures> {
  return page.evaluate(() => window.client.figures(), undefined);
}
