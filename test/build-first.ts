import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Children and worker threads run from `dist/`, as shipped, and gateways serve the built page: both are made before any test. */
export function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../scripts/build.mjs', import.meta.url)), '--page'], {
    stdio: 'inherit',
  });
}
