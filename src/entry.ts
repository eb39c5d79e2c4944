import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from './errors.ts';

/** The project's folder: the nearest one above this file that holds package.json. */
export const PROJECT_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

/**
 * The built file of an entry point that runs in a process or thread of its own.
 * Children always run from `dist/`, also when a test imports the parent from source.
 * @param path below `src/`, without ending, e.g. `worker/media-worker`
 */
export function entryFile(path: string): string {
  const file = join(PROJECT_ROOT, 'dist', 'src', `${path}.js`);
  assert(existsSync(file), `built entry point exists, run "npm run build" [file:${file}]`);
  return file;
}

function findRoot(from: string): string {
  return existsSync(join(from, 'package.json')) ? from : findRoot(dirname(from));
}
