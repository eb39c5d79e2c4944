// npm run check: format, lint, types, import rules. Every check runs, so that one call shows everything.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, root } from './ensure.mjs';

// The longest first: they run beside each other.
const checks = [
  ['format', 'prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']],
  ['lint', 'oxlint/bin/oxlint', ['--type-aware', '--deny-warnings', '.']],
  ['types', '@typescript/native/bin/tsc', ['--noEmit', '-p', '.']],
  [
    'import rules',
    'dependency-cruiser/bin/dependency-cruise.mjs',
    ['src', 'web-client/src', 'bin', '--config', '.dependency-cruiser.mjs'],
  ],
  ['types of the browser, client and long tests', '@typescript/native/bin/tsc', ['--noEmit', '-p', 'test']],
  ['types of the page', '@typescript/native/bin/tsc', ['--noEmit', '-p', 'web-client']],
];

/** Runs all checks, one on each core. Returns the names of those that failed. */
export async function runChecks() {
  const failed = [];
  const waiting = [...checks];
  const runNext = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const [name, program, args] = check;
      const { green, output } = await run(program, args);
      console.log(`▸ ${name}\n${output}`.trimEnd());
      if (!green) failed.push(name);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runNext));
  if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}. \`npm run format\` mends the format.`);
  return failed;
}

/** Runs a program of an installed package; what it says is kept together. */
function run(program, args) {
  const child = spawn(process.execPath, [join(root, 'node_modules', program), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ green: code === 0, output }));
  });
}

if (import.meta.url === (await import('node:url')).pathToFileURL(process.argv[1]).href) {
  ensureInstalled();
  process.exitCode = (await runChecks()).length > 0 ? 1 : 0;
}
