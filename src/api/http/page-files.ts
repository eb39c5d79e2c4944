import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { SAFE_HEADERS } from './respond.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** The page runs only its own code, talks only to its gateway and is shown in nobody's frame. */
const PAGE_POLICY = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob: mediastream:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Built files below `assets/` carry their hash in the name; everything else is asked for anew. */
const FOREVER = 'public, max-age=31536000, immutable';

/**
 * The built page, by the path it is asked for. Only files that were found on disk can be named, so that no path leads out
 * of the folder. Files are read once: the page is small.
 */
export class PageFiles {
  readonly #folder: string;
  #files: ReadonlyMap<string, { readonly type: string; readonly bytes: Buffer }> | undefined;

  /** @param folder the built page, `web-client/dist` */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Sends the file; false if there is none of this name. */
  send(path: string, response: ServerResponse): boolean {
    const file = this.#found().get(path === '/' ? '/index.html' : path);
    if (file === undefined) return false;
    const page = file.type.startsWith('text/html');
    response.writeHead(200, {
      ...SAFE_HEADERS,
      'content-type': file.type,
      'content-length': file.bytes.length,
      'cache-control': path.startsWith('/assets/') ? FOREVER : 'no-cache',
      ...(page
        ? { 'content-security-policy': PAGE_POLICY, 'permissions-policy': 'camera=(self), microphone=(self)' }
        : {}),
    });
    response.end(response.req.method === 'HEAD' ? undefined : file.bytes);
    return true;
  }

  // A page that is not built yet is looked for again.
  #found(): ReadonlyMap<string, { readonly type: string; readonly bytes: Buffer }> {
    if (this.#files === undefined || this.#files.size === 0) this.#files = readFolder(this.#folder);
    return this.#files;
  }
}

function readFolder(folder: string): Map<string, { type: string; bytes: Buffer }> {
  const files = new Map<string, { type: string; bytes: Buffer }>();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const type = TYPES[extname(entry.name)] ?? 'application/octet-stream';
    files.set(`/${relative(folder, file).split(sep).join('/')}`, { type, bytes: readFileSync(file) });
  }
  return files;
}
