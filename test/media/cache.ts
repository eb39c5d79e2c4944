import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/entry.ts';

/** Where what was generated is kept: GUISE_CACHE, else node_modules/.cache/guise. */
export const CACHE_FOLDER = process.env['GUISE_CACHE'] ?? join(PROJECT_ROOT, 'node_modules/.cache/guise');

let sources: Buffer | undefined;

/**
 * The file for `key`, made once. The name carries a hash of the key and of everything in test/media and the encoder, so
 * a change of either makes a new file and never serves an old one.
 * @param name with its ending, e.g. `talk.y4m`
 * @param make writes the file that it is given
 * @returns the file's path
 */
export async function cached(
  name: string,
  key: unknown,
  make: (file: string) => Promise<void> | void,
): Promise<string> {
  sources ??= hashOf(['test/media', 'test/fixtures', 'src/codec']);
  const hash = createHash('sha256').update(sources).update(JSON.stringify(key)).digest('hex').slice(0, 20);
  const folder = join(CACHE_FOLDER, 'media');
  const dot = name.lastIndexOf('.');
  const file = join(folder, `${name.slice(0, dot)}-${hash}${name.slice(dot)}`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // Two processes may make the same file at once: each writes its own and the rename is atomic.
  const partial = `${file}.${process.pid}`;
  await make(partial);
  renameSync(partial, file);
  return file;
}

function hashOf(folders: readonly string[]): Buffer {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const path = join(PROJECT_ROOT, folder);
    for (const file of readdirSync(path).sort()) {
      if (/\.test\.ts$|\.md$/.test(file) || !file.includes('.')) continue;
      hash.update(file).update(readFileSync(join(path, file)));
    }
  }
  return hash.digest();
}
