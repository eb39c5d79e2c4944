import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { GatewayError } from '../errors.ts';
import type { Milli } from '../time.ts';
import { bytesOf } from './bytes-of.ts';

/** Tries in a row that may bring nothing. */
const TRIES = 5;
/** Wait after the first of them; doubled after each, and up to twice as long by chance, so that many do not come back at once. */
const FIRST_WAIT: Milli = 500;
/** A connection that brings nothing for so long is given up. */
const STALL: Milli = 30_000;

export interface DownloadOptions {
  readonly address: string;
  /** What is there of it is gone on with. */
  readonly file: string;
  readonly signal: AbortSignal;
  /** @param total bytes, where the server says so */
  readonly onProgress: (bytes: number, total: number | undefined) => void;
  /** Wait after the first try that brings nothing. Default 0.5 s. */
  readonly firstWait?: Milli;
}

/** What is there, as the server last told it. */
interface Part {
  bytes: number;
  /** Strong entity tag: a file that has changed meanwhile is sent from its start. */
  tag: string | undefined;
}

/**
 * Downloads a file, going on where a connection breaks off (RFC 9110 §14). A part that is left of it stays for the next time.
 * @throws GatewayError asset_missing if the server does not have it or brings nothing any more, file_unwritable
 */
export async function download({ firstWait = FIRST_WAIT, ...options }: DownloadOptions): Promise<void> {
  const part: Part = { bytes: (await bytesOf(options.file)) ?? 0, tag: undefined };
  for (let tries = 0; ;) {
    const before = part.bytes;
    try {
      if (await downloadOnce(part, options)) return;
    } catch (cause) {
      options.signal.throwIfAborted();
      if (cause instanceof GatewayError) throw cause;
      if (tries + 1 >= TRIES) throw missing(options.address, 'must bring the file', cause);
    }
    tries = part.bytes > before ? 0 : tries + 1;
    if (tries >= TRIES) throw missing(options.address, 'must bring the file');
    await wait(firstWait * 2 ** tries * (1 + Math.random()), undefined, { signal: options.signal });
  }
}

/** One request. @returns whether the file is whole; throws what broke it off */
async function downloadOnce(part: Part, { address, file, signal, onProgress }: DownloadOptions): Promise<boolean> {
  const stalled = new AbortController();
  const stall = setTimeout(() => stalled.abort(new Error('nothing came for a while')), STALL);
  try {
    const response = await fetch(address, {
      headers: rangeOf(part),
      signal: AbortSignal.any([signal, stalled.signal]),
    });
    let total: number | undefined;
    try {
      total = begin(part, response, address);
    } finally {
      if (!response.ok) await response.body?.cancel();
    }
    if (!response.ok) return total !== undefined && part.bytes === total;
    await closing(await openAt(file, part.bytes), async (handle) => {
      for await (const chunk of response.body ?? []) {
        stall.refresh();
        await write(handle, chunk, file);
        part.bytes += chunk.byteLength;
        onProgress(part.bytes, total);
      }
    });
    return total === undefined || part.bytes === total;
  } finally {
    clearTimeout(stall);
  }
}

function rangeOf({ bytes, tag }: Part): Record<string, string> {
  const whole = { 'accept-encoding': 'identity' };
  if (bytes === 0) return whole;
  return { ...whole, range: `bytes=${bytes}-`, ...(tag !== undefined && { 'if-range': tag }) };
}

/**
 * Brings the part in line with what the server is about to send.
 * @returns bytes of the whole file, where the server says so
 */
function begin(part: Part, response: Response, address: string): number | undefined {
  const { status, headers } = response;
  const tag = headers.get('etag');
  part.tag = tag?.startsWith('"') ? tag : undefined;
  const [, from, to] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  const total = to === undefined ? undefined : Number(to);
  if (status === 206 && Number(from) === part.bytes) return total;
  if (status === 416) {
    // The part is all of it, or more than there is: then it is none of it.
    if (part.bytes !== total) part.bytes = 0;
    return total;
  }
  if (status === 200) {
    part.bytes = 0;
    return headers.has('content-length') ? Number(headers.get('content-length')) : undefined;
  }
  if (status >= 500 || status === 429) throw new Error(`status ${status}`);
  throw missing(address, `must have the file [status:${status}]`);
}

/** Opens the file to go on after so many bytes; what is behind them goes. */
async function openAt(file: string, bytes: number): Promise<FileHandle> {
  try {
    const handle = await open(file, bytes === 0 ? 'w' : 'a');
    await handle.truncate(bytes);
    return handle;
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

async function write(handle: FileHandle, chunk: Uint8Array, file: string): Promise<void> {
  try {
    await handle.appendFile(chunk);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

async function closing(handle: FileHandle, work: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}

function missing(address: string, what: string, cause?: unknown): GatewayError {
  return new GatewayError('asset_missing', `the server ${what} [address:${address}]`, { cause });
}

function unwritable(file: string, cause: unknown): GatewayError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GatewayError('file_unwritable', `file must be writable: ${why} [file:${file}]`, { cause });
}
