// Where the browser of the tests is, and how to get one.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'msedge'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** The browser program: GUISE_CHROMIUM, then PATH, then the usual places. */
export function findChromium() {
  const asked = process.env.GUISE_CHROMIUM;
  if (asked) return existsSync(asked) ? asked : undefined;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...places].find((file) =>
    existsSync(file),
  );
}

/** What a person can do about a missing browser. */
export const chromiumAdvice =
  'The browser tests need Chromium. Install it (Debian, Ubuntu: "apt-get install chromium"; Fedora: "dnf install chromium"; ' +
  'macOS: "brew install --cask google-chrome"), or name one with GUISE_CHROMIUM=/path, or leave these tests out with GUISE_SKIP=browser.';

/** Installs Chromium with the system's package manager, where this user may. Returns its path if one is there afterwards. */
export function installChromium() {
  const root = process.getuid?.() === 0;
  const apt = root && spawnSync('apt-get', ['--version']).status === 0;
  if (!apt) return undefined;
  console.error('Installing Chromium for the browser tests (apt-get install chromium) …');
  try {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch {
    return undefined;
  }
  return findChromium();
}
