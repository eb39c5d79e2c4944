import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { INSWAPPER, modelFile, swapGraph } from '../../test/support/model-files.ts';
import { fetchModel, type FetchOptions } from './fetch-model.ts';
import type { Identified } from './identify.ts';
import { MANIFEST } from './manifest.ts';
import { ModelFolder } from './model-folder.ts';

const NAME = 'inswapper_128';

let root: string;
let server: Server;
let content: Buffer;
/** What each request asked for, and what the server does with it. */
let ranges: (string | undefined)[];
let serve: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'guise-fetch-'));
  content = readFileSync(modelFile(root, 'published.onnx', INSWAPPER));
  ranges = [];
  serve = (request, response) => send(request, response, content.length);
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(root, { recursive: true });
});

/** Sends what was asked for, as servers do, and breaks off after so many bytes. */
function send(request: IncomingMessage, response: ServerResponse, most: number, tag = '"1"'): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const same = (request.headers['if-range'] ?? tag) === tag;
  const start = same ? from : 0;
  const headers = { etag: tag, 'content-length': content.length - start };
  if (start === 0) response.writeHead(200, headers);
  else {
    response.writeHead(206, {
      ...headers,
      'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
    });
  }
  const piece = content.subarray(start, start + most);
  if (start + piece.length === content.length) response.end(piece);
  else response.write(piece, () => response.destroy());
}

function folder({ sha256, allowed = true }: { sha256?: string; allowed?: boolean } = {}): ModelFolder {
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.onnx`;
  const copies = sha256 === undefined ? [] : [{ by: 'a test', sha256 }];
  const manifest = MANIFEST.map((model) => ({ ...model, address, copies: model.name === NAME ? copies : [] }));
  return new ModelFolder({ folder: join(root, 'kept'), allowNonCommercial: allowed, manifest });
}

function digest(): string {
  return createHash('sha256').update(content).digest('hex');
}

function get(models: ModelFolder, options: Partial<FetchOptions> = {}): Promise<Identified> {
  const { signal } = new AbortController();
  return fetchModel(models, NAME, {
    acceptLicence: true,
    signal,
    onProgress: () => undefined,
    firstWait: 1,
    ...options,
  });
}

describe('a model that is fetched', () => {
  test('goes on where the connection breaks off, and is the published file', async () => {
    serve = (request, response) => send(request, response, 400_000);
    const models = folder({ sha256: digest() });
    const told: (number | undefined)[][] = [];

    const { model, by } = await get(models, { onProgress: (bytes, total) => told.push([bytes, total]) });

    expect(by).toBe('sha256');
    expect(readFileSync(models.file(model)).equals(content)).toBe(true);
    // What had come but was not yet read when the connection broke is asked for again.
    expect(ranges.length).toBeGreaterThanOrEqual(3);
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true);
    expect(told.at(-1)).toEqual([content.length, content.length]);
  });

  test('is gone on with in a later run', async () => {
    const ended = new AbortController();
    const onProgress = (): void => ended.abort();
    await expect(get(folder({ sha256: digest() }), { signal: ended.signal, onProgress })).rejects.toThrow();
    const models = folder({ sha256: digest() });

    const { model } = await get(models);

    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(readFileSync(models.file(model)).equals(content)).toBe(true);
  });

  test('is begun anew by a server that sends all of it, or whose file is another by now', async () => {
    serve = (request, response) => {
      const changed = ranges.length > 1;
      if (changed) content.fill(7, 600_000, 600_100);
      send(request, response, changed ? content.length : 500_000, changed ? '"2"' : '"1"');
    };
    const models = folder();

    const { model } = await get(models);

    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(readFileSync(models.file(model)).equals(content)).toBe(true);
  });

  test('is tried again while the server is busy, and given up when it brings nothing any more', async () => {
    serve = (request, response) => {
      if (ranges.length > 1) send(request, response, content.length);
      else response.writeHead(503).end();
    };
    expect(await get(folder())).toMatchObject({ by: 'name' });

    ranges = [];
    serve = (_request, response) => response.writeHead(503).end();
    await expect(get(folder())).rejects.toMatchObject({ code: 'asset_missing' });
    expect(ranges).toHaveLength(5);

    ranges = [];
    serve = (_request, response) => response.writeHead(404).end();
    await expect(get(folder())).rejects.toThrow(/must have the file \[status:404\]/);
    expect(ranges).toHaveLength(1);
  });
});

describe('what is not kept', () => {
  test('is a file that is not the published one', async () => {
    const models = folder({ sha256: 'a'.repeat(64) });

    await expect(get(models)).rejects.toMatchObject({ code: 'asset_corrupt' });
    expect((await models.list()).every(({ bytes }) => bytes === undefined)).toBe(true);
  });

  test('is one of another graph, or a page of the server', async () => {
    content = readFileSync(modelFile(root, 'other.onnx', swapGraph(256)));
    await expect(get(folder())).rejects.toThrow(/\[input:target\] \[shape:n×3×256×256\]/);

    content = Buffer.from('<!doctype html>');
    await expect(get(folder())).rejects.toMatchObject({ code: 'model_unsupported' });
  });

  test('is one whose licence was not accepted, or is not allowed: nothing is asked of the server', async () => {
    await expect(get(folder(), { acceptLicence: false })).rejects.toThrow(/--accept-licence.*non-commercial/);
    await expect(get(folder({ allowed: false }))).rejects.toMatchObject({ code: 'forbidden' });
    expect(ranges).toEqual([]);
    expect(existsSync(join(root, 'kept'))).toBe(false);
  });
});

test('a part of a file without a published digest is not gone on with in a later run', async () => {
  const models = folder();
  const ended = new AbortController();
  const onProgress = (): void => ended.abort();
  await expect(get(models, { signal: ended.signal, onProgress })).rejects.toThrow();
  expect(statSync(join(root, 'kept', `.${NAME}.part`)).size).toBeGreaterThan(0);
  ranges = [];

  await get(models);

  expect(ranges).toEqual([undefined]);
});
