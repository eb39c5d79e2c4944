// Emits dist/ (types are checked by `npm run check`, so this only strips them) and builds the page.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const run = (file, args) =>
  execFileSync(process.execPath, [join(root, 'node_modules', file), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });

run('typescript/bin/tsc', ['--noCheck']);
if (process.argv.includes('--page') && existsSync(join(root, 'web-client/vite.config.ts'))) {
  run('vite/bin/vite.js', ['build', 'web-client', '--logLevel', 'warn']);
}
