/** WHIP, WHEP and rooms over HTTP: who may, and what is answered. Media through them: test/browser/rooms.test.ts. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../test/support/patience.ts';
import { WeriftPeer, type PeerOptions } from '../../../test/peer/werift-peer.ts';
import { configSchema } from '../../config/config.ts';
import { openGateway, type Gateway } from '../../gateway.ts';
import { createLog } from '../../log.ts';
import { monotonic } from '../../time.ts';
import { signToken, type Claims } from '../access/token.ts';
import { errorBodySchema } from '../messages.ts';

process.env['GUISE_LOG'] = 'silent';

const secret = 'a secret of the tests, long enough';
let gateway: Gateway;
beforeAll(async () => {
  const config = configSchema.parse({
    port: 0,
    access: { secret },
    origins: ['https://studio.example'],
    media: { pixelThreads: 1, announce: ['127.0.0.1'] },
    iceServers: { urls: ['stun:stun.example:3478', 'turn:turn.example:3478'], secret: 'a secret of the TURN server' },
    sessions: { maximum: 1 },
  });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
});
afterAll(() => gateway.close());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function peer(options?: PeerOptions): WeriftPeer {
  const made = new WeriftPeer(options);
  cleanups.push(() => made.close());
  return made;
}

const token = (claims: Claims): Promise<string> => signToken(claims, { secret, lifetime: 60 });

interface Sent {
  readonly claims?: Claims;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

async function send(method: string, path: string, { claims, body, headers = {} }: Sent = {}): Promise<Response> {
  const bearer = claims && { authorization: `Bearer ${await token(claims)}` };
  return fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/sdp' }), ...bearer, ...headers },
    ...(body !== undefined && { body }),
  });
}

async function refusal(response: Response): Promise<[number, string]> {
  return [response.status, errorBodySchema.parse(await response.json()).error.code];
}

const publish: Claims = { grants: ['publish'], room: 'a', identity: 'mask:gold' };
const view: Claims = { grants: ['view'], room: 'a' };
const control: Claims = { grants: ['control'], room: 'a' };

/** Publishes into room a; gives the path of the session. */
async function published(query = ''): Promise<{ path: string; response: Response; caller: WeriftPeer }> {
  const caller = peer();
  const response = await send('POST', `/whip/a${query}`, { claims: publish, body: await caller.offer() });
  const path = response.headers.get('location') ?? '';
  cleanups.push(() => send('DELETE', path, { claims: publish }));
  return { path, response, caller };
}

describe('WHIP', () => {
  test('opens a session: answer, place, tag, servers; ends it once', async () => {
    const { path, response, caller } = await published();
    expect(response.status).toBe(201);
    const { headers } = response;
    expect(headers.get('content-type')).toBe('application/sdp');
    expect(path).toMatch(/^\/whip\/a\/[0-9a-f]{32}$/);
    expect(headers.get('etag')).toMatch(/^"[0-9a-f]{8}-1"$/);
    expect(headers.get('accept-patch')).toBe('application/trickle-ice-sdpfrag');
    expect(headers.get('link')).toMatch(
      /^<stun:stun\.example:3478>; rel="ice-server", <turn:turn\.example:3478>; rel="ice-server"; username="\d+:[0-9a-f]+"; credential="[^"]+"; credential-type="password"$/,
    );
    await caller.connect(await response.text());
    expect(gateway.status.sessions).toBe(1);
    expect((await send('DELETE', path, { claims: publish })).status).toBe(200);
    expect(await refusal(await send('DELETE', path, { claims: publish }))).toEqual([404, 'session_unknown']);
    expect(gateway.status.sessions).toBe(0);
  });

  test('takes trickled candidates, and asks for the tag only of who names one', async () => {
    const { path, response } = await published();
    const body = 'm=video 9 X 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.7 5000 typ host\r\n';
    const patch = (headers: Record<string, string>, text = body): Promise<Response> =>
      send('PATCH', path, {
        claims: publish,
        body: text,
        headers: { 'content-type': 'application/trickle-ice-sdpfrag', ...headers },
      });
    const accepted: Record<string, string>[] = [
      {},
      { 'if-match': '*' },
      { 'if-match': response.headers.get('etag') ?? '' },
    ];
    for (const headers of accepted) {
      expect((await patch(headers)).status).toBe(204);
    }
    expect(await refusal(await patch({ 'if-match': '"other-1"' }))).toEqual([412, 'precondition_failed']);
    expect(await refusal(await patch({ 'content-type': 'application/sdp' }))).toEqual([415, 'media_type']);
    expect(await refusal(await patch({}, 'nonsense'))).toEqual([400, 'offer_invalid']);
    const restart = await patch({ 'if-match': '*' }, 'a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n');
    expect([restart.status, restart.headers.get('etag')]).toEqual([200, expect.stringMatching(/-2"$/)]);
    expect(await restart.text()).toMatch(/a=ice-ufrag:.*a=ice-pwd:.*a=candidate:/s);
    // A restart that fails leaves the session as it was.
    expect(await refusal(await patch({}, 'a=ice-ufrag:x\r\na=ice-pwd:short\r\n'))).toEqual([400, 'offer_invalid']);
    expect((await patch({})).status).toBe(204);
  });

  test('says what is wrong with a request', async () => {
    const offer = await peer().offer();
    const post = (sent: Sent, path = '/whip/a'): Promise<Response> => send('POST', path, { claims: publish, ...sent });
    expect(await refusal(await post({ body: offer, headers: { 'content-type': 'text/plain' } }))).toEqual([
      415,
      'media_type',
    ]);
    expect(await refusal(await post({ body: 'no SDP' }))).toEqual([400, 'offer_invalid']);
    expect(await refusal(await post({ body: 'v=0\r\n' }))).toEqual([422, 'no_video']);
    expect(await refusal(await post({ body: offer.replaceAll('VP8', 'VP6') }))).toEqual([422, 'no_codec']);
    expect(await refusal(await post({ body: 'x'.repeat(200_000) }))).toEqual([413, 'message_too_large']);
    expect(await refusal(await post({ body: offer }, '/whip/a?codec=av2'))).toEqual([400, 'message_invalid']);
    expect(await refusal(await post({ body: offer }, '/whip/a?swap=other'))).toEqual([404, 'recipe_unknown']);
    expect(await refusal(await send('PUT', '/whip/a', { claims: publish }))).toEqual([404, 'not_found']);
    expect((await send('GET', '/whip/a', { claims: publish })).status).toBe(204);
    expect(gateway.status.sessions).toBe(0);
  });

  test('says 503 and when to come back where there is no room, 409 where somebody publishes', async () => {
    await published();
    const offer = await peer().offer();
    expect(await refusal(await send('POST', '/whip/a', { claims: publish, body: offer }))).toEqual([409, 'room_taken']);
    const full = await send('POST', '/whip/b', { claims: { ...publish, room: 'b' }, body: offer });
    expect(Number(full.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await refusal(full)).toEqual([503, 'capacity_full']);
  });
});

describe('a gateway that sends on', () => {
  /** Another one, with room for one session, that sends on to `there`. */
  async function sendingOn(redirectWhen: 'full' | 'always'): Promise<string> {
    const rooms = { redirect: 'https://there.example/guise/', redirectWhen };
    const config = configSchema.parse({
      port: 0,
      access: { secret },
      media: { pixelThreads: 1, announce: ['127.0.0.1'] },
      sessions: { maximum: 1 },
      rooms,
    });
    const other = await openGateway(config, { log: createLog('test'), clock: monotonic });
    cleanups.push(() => other.close());
    return `http://127.0.0.1:${other.port}`;
  }

  const post = async (url: string, claims: Claims, body: string): Promise<[number, string | null]> => {
    const headers = { 'content-type': 'application/sdp', authorization: `Bearer ${await token(claims)}` };
    const { status, headers: said } = await fetch(url, { method: 'POST', headers, body, redirect: 'manual' });
    return [status, said.get('location')];
  };

  test('does so by 307 with the same path and query: everybody who may open a session', async () => {
    const at = await sendingOn('always');
    const to = 'https://there.example/guise/whip/a?identity=mask:gold&codec=vp9';
    expect(await post(`${at}/whip/a?identity=mask:gold&codec=vp9`, publish, 'unread')).toEqual([307, to]);
    expect(await post(`${at}/whep/a`, view, 'unread')).toEqual([307, 'https://there.example/guise/whep/a']);
    expect(await post(`${at}/whep/a`, publish, 'unread')).toEqual([403, null]);
  });

  test('or only those for whom there is no place, and who watches what is not here', async () => {
    const at = await sendingOn('full');
    expect((await post(`${at}/whip/a`, publish, await peer().offer()))[0]).toBe(201);
    expect(await post(`${at}/whip/b`, { ...publish, room: 'b' }, await peer().offer())).toEqual([
      307,
      'https://there.example/guise/whip/b',
    ]);
    expect((await post(`${at}/whep/a`, view, await peer().offer()))[0]).toBe(201);
    expect(await post(`${at}/whep/b`, { ...view, room: 'b' }, await peer().offer())).toEqual([
      307,
      'https://there.example/guise/whep/b',
    ]);
    expect((await post(`${at}/whip/a`, publish, await peer().offer()))[0]).toBe(409);
  });
});

describe('a publisher and a viewer whose media worker is gone', () => {
  test('find 404 at once; the publisher comes back by the same request as it was left', async () => {
    const { path, response, caller } = await published('?faces=2');
    await caller.connect(await response.text());
    const watched = await send('POST', '/whep/a', { claims: view, body: await peer().offer() });
    const wearers = [{ identity: 'mask:tiger', position: 'left' }, { identity: null }];
    const change = JSON.stringify({ identity: 'mask:porcelain', look: { keepEyes: false }, wearers });
    expect((await send('PATCH', '/v1/rooms/a', { claims: control, body: change })).status).toBe(200);

    const body = await peer().offer();
    const waits = new Set<string | null>();
    const publishAgain = async (): Promise<Response | undefined> => {
      const tried = await send('POST', '/whip/a?faces=2', { claims: publish, body });
      if (tried.status !== 503) return tried;
      return void waits.add(tried.headers.get('retry-after'));
    };
    process.kill(gateway.status.workers[0]?.pid ?? 0, 'SIGKILL');

    await vi.waitUntil(() => gateway.status.sessions === 0, PATIENCE);
    // It is asked at once after the loss, and a worker takes seconds to start.
    expect(await publishAgain()).toBeUndefined();
    expect(await refusal(await send('GET', '/v1/rooms/a', { claims: control }))).toEqual([404, 'session_unknown']);
    const viewer = watched.headers.get('location') ?? '';
    expect(await refusal(await send('DELETE', path, { claims: publish }))).toEqual([404, 'session_unknown']);
    expect(await refusal(await send('DELETE', viewer, { claims: view }))).toEqual([404, 'session_unknown']);
    const again = (await vi.waitUntil(publishAgain, PATIENCE))!;
    expect([...waits]).toEqual(['1']);
    expect(again.status).toBe(201);
    const state = (): Promise<Response> => send('GET', '/v1/rooms/a', { claims: control });
    expect(await (await state()).json()).toMatchObject({ identity: 'mask:porcelain', wearers });

    // Who has left by his own will begins anew.
    await send('DELETE', again.headers.get('location') ?? '', { claims: publish });
    await published();
    expect(await (await state()).json()).toMatchObject({ identity: 'mask:gold', wearers: [] });
  });
});

describe('WHEP', () => {
  test('opens a viewer of what is published, in its codec, and none of what is not', async () => {
    const watcher = peer();
    const offer = await watcher.offer();
    expect(await refusal(await send('POST', '/whep/a', { claims: view, body: offer }))).toEqual([
      404,
      'session_unknown',
    ]);
    const { path, response: answered, caller } = await published();
    await caller.connect(await answered.text());

    const response = await send('POST', '/whep/a', { claims: view, body: offer });
    expect(response.status).toBe(201);
    await watcher.connect(await response.text());
    const place = response.headers.get('location') ?? '';
    const state = await send('GET', '/v1/rooms/a', { claims: control });
    expect(await state.json()).toMatchObject({ identity: 'mask:gold', viewers: 1 });
    const foreign = peer({ video: ['H264'] });
    const refused = await send('POST', '/whep/a', { claims: view, body: await foreign.offer() });
    expect(await refusal(refused)).toEqual([422, 'no_codec']);

    // With its publisher the viewer goes too.
    await send('DELETE', path, { claims: publish });
    expect(await refusal(await send('DELETE', place, { claims: view }))).toEqual([404, 'session_unknown']);
  });
});

describe('a token', () => {
  test('of another room, or without the grant, is refused everywhere', async () => {
    const { path } = await published();
    const offer = await peer().offer();
    const fragment = {
      body: 'a=end-of-candidates\r\n',
      headers: { 'content-type': 'application/trickle-ice-sdpfrag' },
    };
    const change = { body: '{}', headers: { 'content-type': 'application/json' } };
    const requests: [method: string, path: string, sent: Sent, grant: Claims['grants'][number]][] = [
      ['POST', '/whip/a', { body: offer }, 'publish'],
      ['PATCH', path, fragment, 'publish'],
      ['DELETE', path, {}, 'publish'],
      ['GET', path, {}, 'publish'],
      ['POST', '/whep/a', { body: offer }, 'view'],
      ['GET', '/v1/rooms/a', {}, 'control'],
      ['PATCH', '/v1/rooms/a', change, 'control'],
    ];
    for (const [method, to, sent, grant] of requests) {
      const others = (['publish', 'view', 'control'] as const).filter((other) => other !== grant);
      const refused: (Claims | undefined)[] = [
        undefined,
        { grants: [grant] },
        { grants: [grant], room: 'b' },
        { grants: [...others], room: 'a' },
      ];
      for (const claims of refused) {
        const response = await send(method, to, { ...sent, ...(claims && { claims }) });
        expect([method, to, response.status]).toEqual([method, to, claims === undefined ? 401 : 403]);
      }
    }
    // Nor does the right token of another room find a session under its own.
    const elsewhere = path.replace('/a/', '/b/');
    expect(await refusal(await send('DELETE', elsewhere, { claims: { ...publish, room: 'b' } }))).toEqual([
      404,
      'session_unknown',
    ]);
    expect(gateway.status.sessions).toBe(1);
  });

  test('says who is worn, whatever the query asks for, and which policy', async () => {
    const caller = peer();
    const response = await send('POST', '/whip/a?identity=mask:tiger&policy=always', {
      claims: publish,
      body: await caller.offer(),
    });
    cleanups.push(() => send('DELETE', response.headers.get('location') ?? '', { claims: publish }));
    expect(response.status).toBe(201);
    expect(await (await send('GET', '/v1/rooms/a', { claims: control })).json()).toMatchObject({
      identity: 'mask:gold',
    });
  });
});

describe('a page of another site', () => {
  const from = (origin: string): Record<string, string> => ({ origin });

  test('that the operator named may use all of it, and see what it needs', async () => {
    const preflight = await send('OPTIONS', '/whip/a', { headers: from('https://studio.example') });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('accept-post')).toBe('application/sdp');
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://studio.example');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(preflight.headers.get('access-control-allow-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'if-match', 'etag']),
    );
    expect(preflight.headers.get('access-control-expose-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['location', 'etag', 'link', 'access-control-allow-methods']),
    );
  });

  test('that nobody named may not', async () => {
    const headers = from('https://evil.example');
    const preflight = await send('OPTIONS', '/whip/a', { headers });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    const response = await send('POST', '/whip/a', { claims: publish, body: await peer().offer(), headers });
    expect(await refusal(response)).toEqual([403, 'origin_refused']);
  });
});
