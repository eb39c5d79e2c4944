// npm run check: format, lint, types, import rules. Every check runs, so that one call shows everything.
import { ensureInstalled, runPackage } from './ensure.mjs';

const checks = [
  ['format', 'prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']],
  ['lint', 'eslint/bin/eslint.js', ['.', '--max-warnings', '0']],
  ['types', 'typescript/bin/tsc', ['--noEmit', '-p', '.']],
  ['types of the page', 'typescript/bin/tsc', ['--noEmit', '-p', 'web-client']],
  ['types of the browser tests', 'typescript/bin/tsc', ['--noEmit', '-p', 'test/browser']],
  ['types of the client tests', 'typescript/bin/tsc', ['--noEmit', '-p', 'test/clients']],
  ['types of the long tests', 'typescript/bin/tsc', ['--noEmit', '-p', 'test/long']],
  [
    'import rules',
    'dependency-cruiser/bin/dependency-cruise.mjs',
    ['src', 'web-client/src', 'bin', '--config', '.dependency-cruiser.mjs'],
  ],
];

/** Runs all checks. Returns the names of those that failed. */
export function runChecks() {
  const failed = [];
  for (const [name, program, args] of checks) {
    console.log(`▸ ${name}`);
    try {
      runPackage(program, args);
    } catch {
      failed.push(name);
    }
  }
  if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}. \`npm run format\` mends the format.`);
  return failed;
}

if (import.meta.url === (await import('node:url')).pathToFileURL(process.argv[1]).href) {
  ensureInstalled();
  process.exitCode = runChecks().length > 0 ? 1 : 0;
}
