// What must be there before anything runs: packages, dist/, the page. Plain Node, since nothing is installed yet.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const builtStamp = (what) => join(root, 'node_modules', `.guise-built-${what}`);

/** Installs the packages of the lock file, unless they already are. Install scripts stay off: see .npmrc. */
export function ensureInstalled() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    console.error(`Guise needs Node 20 or newer, this is ${process.version}.`);
    process.exit(1);
  }
  if (isInstalled()) return;
  console.error('Installing packages (about 700 MB on disk, once) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  try {
    execFileSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
  } catch {
    console.error(
      'The packages could not be installed; npm says why above. Check the network or the registry and try again.',
    );
    process.exit(1);
  }
}

/** True if every package of the lock file is there in its version; optional ones may be for another machine. */
function isInstalled() {
  const there = read(join(root, 'node_modules/.package-lock.json'));
  if (there === undefined) return false;
  const wanted = Object.entries(JSON.parse(read(join(root, 'package-lock.json'))).packages);
  const installed = JSON.parse(there).packages;
  return wanted.every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

/** Builds dist/ (and with `page` the page) unless the sources are those of the last build. */
export function ensureBuilt({ page = false } = {}) {
  buildIfStale('code', ['src', 'test'], join(root, 'dist/src/main.js'), buildCode);
  if (page) buildIfStale('page', ['web-client', 'src/api'], join(root, 'web-client/dist/index.html'), buildPage);
}

function buildCode() {
  // Types are the business of `npm run check`; this only strips them.
  runPackage('@typescript/native/bin/tsc', ['--noCheck']);
}

function buildPage() {
  runPackage('vite/bin/vite.js', ['build', 'web-client', '--logLevel', 'warn']);
}

function buildIfStale(what, folders, product, build) {
  const sources = hashOf(folders.flatMap((folder) => filesIn(join(root, folder))).concat(join(root, 'tsconfig.json')));
  if (existsSync(product) && read(builtStamp(what)) === sources) return;
  build();
  writeFileSync(builtStamp(what), sources);
}

/** Runs a program of an installed package with this Node. */
export function runPackage(program, args, options = {}) {
  execFileSync(process.execPath, [join(root, 'node_modules', program), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
  });
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(relative(root, file)).update(readFileSync(file));
  return hash.digest('hex');
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((file) => !/[/\\](dist|fixtures)[/\\]/.test(file) && statSync(file).isFile());
}
