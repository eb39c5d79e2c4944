import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../entry.ts';
import { sha256 } from './digest.ts';

/** A file is this many hex digits of SHA-256 over what follows, then the content. */
const DIGEST_LENGTH = 64;

/** Where converted models are kept: `GUISE_CACHE`, else in node_modules of the project, which git does not see. */
export function defaultCacheFolder(): string {
  return process.env['GUISE_CACHE'] ?? join(PROJECT_ROOT, 'node_modules', '.cache', 'guise');
}

/**
 * Files by key on disk. A file that was cut short or changed counts as absent, and a folder that cannot be written costs
 * time, never a call: both are only a cache.
 */
export class ModelCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The content kept under `key`, if it is there and whole. */
  async read(key: string): Promise<Uint8Array | undefined> {
    let file: Buffer;
    try {
      file = await readFile(this.#path(key));
    } catch {
      return undefined; // absent or unreadable: it is made again
    }
    const content = file.subarray(DIGEST_LENGTH);
    return file.subarray(0, DIGEST_LENGTH).toString('latin1') === sha256(content) ? content : undefined;
  }

  /**
   * Keeps `content`. Written beside and renamed, so that no other process sees half a file.
   * @returns false if the folder cannot be written
   */
  async write(key: string, content: Uint8Array): Promise<boolean> {
    const beside = `${this.#path(key)}.${randomUUID()}`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(beside, [Buffer.from(sha256(content), 'latin1'), content]);
      await rename(beside, this.#path(key));
      return true;
    } catch {
      await rm(beside, { force: true }).catch(() => undefined); // a read-only folder refuses this too
      return false;
    }
  }

  #path(key: string): string {
    return join(this.#folder, key);
  }
}
