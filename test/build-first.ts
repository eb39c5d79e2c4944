import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Children and worker threads run from `dist/`, as shipped; so it is built before any test starts one. */
export function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../scripts/build.mjs', import.meta.url))], {
    stdio: 'inherit',
  });
}
