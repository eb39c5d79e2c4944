// npm test: every check and test. With --long: the tests of test/long/ instead. Further arguments go to vitest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';
import { runChecks } from './check.mjs';
import { chromiumAdvice, findChromium, installChromium } from './chromium.mjs';

const long = process.argv.includes('--long');
const rest = process.argv.slice(2).filter((argument) => argument !== '--long');

ensureInstalled();
if (!(process.env.GUISE_SKIP ?? '').split(',').includes('browser')) {
  const chromium = findChromium() ?? installChromium();
  if (!chromium) {
    console.error(chromiumAdvice);
    process.exit(1);
  }
  process.env.GUISE_CHROMIUM = chromium;
}

const failedChecks = long ? [] : await runChecks();
ensureBuilt({ page: true });

// What tests and the gateways that they kill leave behind goes with it.
const folder = mkdtempSync(join(tmpdir(), 'guise-test-'));
process.env['TMPDIR'] = folder;

/** Parts of vitest.config.ts: one step after the other, and within a step beside each other. */
const STEPS = [['rooms,pure'], ['calls', 'light'], ['alone']];

/** Runs vitest. Returns whether all is green, its counts, and what failed with the first lines of why. */
async function runTests(name, choice) {
  const report = join(folder, `${name}.json`);
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...choice,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...rest,
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const [code] = await once(child, 'close');
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests: skipped = 0 } = counts;
  return { green: code === 0, passed, failed, skipped, failures: failuresOf(counts.testResults ?? []) };
}

const LINES_OF_A_FAILURE = 12;

function failuresOf(files) {
  const told = (title, message) => `${title}\n${message.split('\n').slice(0, LINES_OF_A_FAILURE).join('\n')}`;
  return files.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    // A file may also fail outside its tests.
    if (failed.length === 0) return status === 'failed' ? [told(file, message)] : [];
    return failed.map((test) => told(`${file} > ${test.fullName}`, test.failureMessages.join('\n')));
  });
}

const results = [];
try {
  if (long) results.push(await runTests('long', ['--config', 'vitest.long.config.ts']));
  else {
    for (const step of STEPS) {
      const parts = step.map((names) =>
        runTests(
          names,
          names.split(',').map((name) => `--project=${name}`),
        ),
      );
      results.push(...(await Promise.all(parts)));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const sum = (kind) => results.reduce((total, result) => total + result[kind], 0);
// Once more at the end, where it is seen, since steps run beside each other.
for (const failure of results.flatMap(({ failures }) => failures)) console.error(`Failed: ${failure}\n`);
if (failedChecks.length > 0) console.error(`Failed checks: ${failedChecks.join(', ')}`);
const none = sum('passed') + sum('failed') + sum('skipped') === 0;
if (none) console.error('No test was run.');
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exitCode = !none && results.every(({ green }) => green) && failedChecks.length === 0 ? 0 : 1;
