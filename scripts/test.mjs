// npm test: every check and test. With --long: the tests of test/long/ instead. Further arguments go to vitest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, runPackage } from './ensure.mjs';
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
const report = join(folder, 'report.json');
let green = true;
try {
  runPackage('vitest/vitest.mjs', [
    'run',
    ...(long ? ['--config', 'vitest.long.config.ts'] : []),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...rest,
  ]);
} catch {
  green = false;
}
const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
rmSync(folder, { recursive: true, force: true });
if (failedChecks.length > 0) console.error(`Failed checks: ${failedChecks.join(', ')}`);
console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
process.exitCode = green && failedChecks.length === 0 ? 0 : 1;
