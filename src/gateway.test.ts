import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorBodySchema, identityCreatedSchema, maskListSchema } from './api/messages.ts';
import { configSchema, type Config } from './config/config.ts';
import { PROJECT_ROOT } from './entry.ts';
import { GatewayError } from './errors.ts';
import { openGateway, type Gateway } from './gateway.ts';
import { createLog } from './log.ts';
import { monotonic } from './time.ts';
import { flat, pngClaiming } from '../test/support/picture-files.ts';
import { writePng } from './codec/picture/write.ts';

process.env['GUISE_LOG'] = 'silent';

const consent = { subject: 'Grace Hopper', grantedBy: 'the tests', grantedAt: '2026-01-01' };
const MAXIMUM = 1_000_000;

function config(port = 0): Config {
  return configSchema.parse({
    port,
    origins: ['https://studio.example'],
    photos: { maximumBytes: MAXIMUM },
    media: { pixelThreads: 1 },
  });
}

let gateway: Gateway;
let photo: Buffer;
let url: (path: string) => string;
beforeAll(async () => {
  gateway = await openGateway(config(), { log: createLog('test'), clock: monotonic });
  url = (path) => `http://127.0.0.1:${gateway.port}${path}`;
  photo = await readFile(join(PROJECT_ROOT, 'test', 'fixtures', 'grace_hopper.jpg'));
});
afterAll(() => gateway.close());

function upload(body: Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  const statement = encodeURIComponent(JSON.stringify(consent));
  return fetch(url('/v1/identities'), { method: 'POST', body, headers: { 'x-guise-consent': statement, ...headers } });
}

async function refusal(response: Response): Promise<[number, string]> {
  return [response.status, errorBodySchema.parse(await response.json()).error.code];
}

describe('the gateway over HTTP', () => {
  test('is healthy once it is open, and prints where it is', async () => {
    const response = await fetch(url('/healthz'));

    expect([response.status, await response.json()]).toEqual([200, { status: 'ready' }]);
    expect(gateway.addresses).toEqual([`http://localhost:${gateway.port}/`]);
  });

  test('lists at least five masks with their pictures', async () => {
    const { masks } = maskListSchema.parse(await (await fetch(url('/v1/identities'))).json());
    expect(masks.length).toBeGreaterThanOrEqual(5);

    for (const { thumbnail } of masks) {
      const picture = await fetch(url(thumbnail));
      expect(picture.headers.get('content-type')).toBe('image/png');
      expect(
        Buffer.from(await picture.arrayBuffer())
          .subarray(1, 4)
          .toString(),
      ).toBe('PNG');
    }
  });

  test('makes an identity of a photo and forgets it on request', async () => {
    const response = await upload(photo);
    expect(response.status).toBe(201);
    const made = identityCreatedSchema.parse(await response.json());
    expect(made.id).toMatch(/^[0-9a-f]{32}$/);
    expect(Date.parse(made.expires)).toBeGreaterThan(0);
    const thumbnail = await fetch(url(made.thumbnail));
    expect([thumbnail.status, thumbnail.headers.get('cache-control')]).toEqual([200, 'private, no-store']);

    const gone = await fetch(url(`/v1/identities/${made.id}`), { method: 'DELETE' });
    expect(gone.status).toBe(204);
    expect(await refusal(await fetch(url(made.thumbnail)))).toEqual([404, 'identity_unknown']);
    const { masks } = maskListSchema.parse(await (await fetch(url('/v1/identities'))).json());
    expect(masks.every(({ id }) => id.startsWith('mask:'))).toBe(true);
  });

  test('makes one identity of several photos of a form, and says which it left out', async () => {
    const form = new FormData();
    for (const file of [photo, Buffer.from('no photo'), photo]) form.append('photo', new Blob([file]), 'photo.png');
    const statement = encodeURIComponent(JSON.stringify(consent));
    const response = await fetch(url('/v1/identities'), {
      method: 'POST',
      body: form,
      headers: { 'x-guise-consent': statement },
    });

    const made = identityCreatedSchema.parse(await response.json());
    expect([response.status, made.photos]).toEqual([201, 2]);
    expect(made.refusals).toMatchObject([{ photo: 2, code: 'photo_unreadable' }]);
    const empty = { 'content-type': 'multipart/form-data; boundary=none' };
    expect(await refusal(await upload(Buffer.from('--none--\r\n'), empty))).toEqual([400, 'photo_empty']);
    expect(await refusal(await upload(Buffer.from('no form at all'), empty))).toEqual([415, 'photo_unreadable']);
  });

  test('says what is wrong with each bad photo', async () => {
    expect(await refusal(await upload(new Uint8Array(0)))).toEqual([400, 'photo_empty']);
    expect(await refusal(await upload(Buffer.from('this is a text that was named .jpg')))).toEqual([
      415,
      'photo_unreadable',
    ]);
    expect(await refusal(await upload(photo.subarray(0, 2000)))).toEqual([415, 'photo_unreadable']);
    expect(await refusal(await upload(pngClaiming(20_000, 20_000)))).toEqual([413, 'photo_too_large']);
    const blank = writePng(flat(320, 240, [90, 120, 90]));
    expect(await refusal(await upload(blank))).toEqual([422, 'photo_no_face']);
    // The next good one is taken.
    expect((await upload(photo)).status).toBe(201);
  });

  test('takes no photo without a whole consent statement', async () => {
    const incomplete = [
      '',
      'garbage',
      '%E0%A4%A',
      encodeURIComponent('null'),
      encodeURIComponent(JSON.stringify({ ...consent, subject: ' ' })),
      encodeURIComponent(JSON.stringify({ ...consent, grantedAt: 'yesterday' })),
      encodeURIComponent(JSON.stringify({ ...consent, grantedAt: '2999-01-01' })),
    ];
    for (const statement of incomplete) {
      expect(await refusal(await upload(photo, { 'x-guise-consent': statement }))).toEqual([400, 'consent_missing']);
    }
    const without = await fetch(url('/v1/identities'), { method: 'POST', body: photo });
    expect(await refusal(without)).toEqual([400, 'consent_missing']);
  });

  test('refuses a photo over the limit, announced or not', async () => {
    const large = new Uint8Array(MAXIMUM + 1);
    expect(await refusal(await upload(large))).toEqual([413, 'photo_too_large']);

    const pieces = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let sent = 0; sent <= MAXIMUM; sent += 100_000) controller.enqueue(new Uint8Array(100_000));
        controller.close();
      },
    });
    const unannounced = await fetch(url('/v1/identities'), {
      method: 'POST',
      body: pieces,
      duplex: 'half',
      headers: { 'x-guise-consent': encodeURIComponent(JSON.stringify(consent)) },
    } as RequestInit);
    expect(await refusal(unannounced)).toEqual([413, 'photo_too_large']);
  });

  test('lets no other site upload or delete', async () => {
    expect(await refusal(await upload(photo, { origin: 'https://evil.example' }))).toEqual([403, 'origin_refused']);
  });

  test('lets pages of origins that the operator named upload from elsewhere', async () => {
    const origin = 'https://studio.example';
    const asked = await fetch(url('/v1/identities'), { method: 'OPTIONS', headers: { origin } });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-headers')).toContain('x-guise-consent');
    const uploaded = await upload(photo, { origin });
    expect([uploaded.status, uploaded.headers.get('access-control-allow-origin')]).toEqual([201, origin]);

    const foreign = await fetch(url('/v1/identities'), {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example' },
    });
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('outlives an upload that is broken off', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    await once(socket, 'connect');
    const statement = encodeURIComponent(JSON.stringify(consent));
    socket.write(
      `POST /v1/identities HTTP/1.1\r\nHost: localhost\r\nx-guise-consent: ${statement}\r\nContent-Length: 5000\r\n\r\nhalf`,
    );
    socket.destroy();

    expect((await upload(photo)).status).toBe(201);
  });

  test('answers wrong paths and methods with errors', async () => {
    const wrong: [string, string, number][] = [
      ['GET', '/nothing', 404],
      ['GET', '/../package.json', 404],
      ['GET', '/%2e%2e/package.json', 404],
      ['GET', '/v1/session', 404],
      ['PUT', '/v1/identities', 404],
      ['GET', '/v1/identities/%E0%A4%A/thumbnail', 404],
      ['DELETE', '/v1/identities/0123', 404],
      ['POST', '/', 405],
    ];
    for (const [method, path, status] of wrong) {
      const response = await fetch(url(path), { method });
      expect([method, path, response.status]).toEqual([method, path, status]);
    }
  });

  test('tells its metrics to this machine', async () => {
    const text = await (await fetch(url('/metrics'))).text();

    expect(text).toContain('guise_media_workers 1');
    expect(text).toContain('guise_sessions 0');
  });
});

test('a port that is taken is said so, with what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;

  const failure = await openGateway(config(port), { log: createLog('test'), clock: monotonic }).catch(
    (e: unknown) => e,
  );

  expect(failure).toBeInstanceOf(GatewayError);
  expect(failure).toMatchObject({ code: 'port_in_use', message: expect.stringContaining('GUISE_PORT') as string });
  other.close();
});
