// npm run bench -- NAME [--json]: builds and runs a bench. The last line of stdout is one JSON object with --json.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
const { status } = spawnSync(process.execPath, [join(root, 'dist/test/bench/main.js'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
