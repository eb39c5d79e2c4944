#!/usr/bin/env node
// The command `guise`. On a fresh clone it first installs and builds what is missing, telling so on stderr.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// A trimmed copy, as in a container image, has no sources and is built already.
if (existsSync(join(root, 'src')) && existsSync(join(root, 'scripts/ensure.mjs'))) {
  const { ensureBuilt, ensureInstalled } = await import(pathToFileURL(join(root, 'scripts/ensure.mjs')).href);
  ensureInstalled();
  ensureBuilt();
}

const { EXIT, runCli } = await import(pathToFileURL(join(root, 'dist/src/cli.js')).href);

// The first interrupt ends the run in order and removes drafts, the second ends it at once.
const interrupted = new AbortController();
process.on('SIGINT', () => {
  if (interrupted.signal.aborted) process.exit(EXIT.interrupted);
  interrupted.abort();
});
// Who reads the output may stop before its end, as `head` does.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await runCli(process.argv.slice(2), undefined, interrupted.signal);
