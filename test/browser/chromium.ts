/** Finds and starts a Chromium for the tests that need a real browser. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** True if the caller asked to go without a browser (`GUISE_SKIP=browser`); nothing else skips these tests. */
export const BROWSER_SKIPPED = (process.env['GUISE_SKIP'] ?? '').split(',').includes('browser');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PLACES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Headless, no network of its own, a fake camera and microphone that need no permission, sound without a click. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

export interface ChromiumOptions {
  /** A y4m file that the fake camera plays in a loop, at its own size and rate. Default: Chromium's test pattern. */
  readonly camera?: string;
  /** A wav file for the fake microphone. Default: Chromium's beeps. */
  readonly microphone?: string;
  /** Let the page connect over the loopback, for machines without another interface. Default true. */
  readonly loopback?: boolean;
  /** More flags. */
  readonly flags?: readonly string[];
}

/**
 * The Chromium to use: GUISE_CHROMIUM, else one on PATH or in a usual place.
 * @throws Error that says what to install
 */
export function findChromium(): string {
  const named = process.env['GUISE_CHROMIUM'];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new Error(`GUISE_CHROMIUM must name a Chromium [file:${named}]`);
  }
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/snap/bin'];
  const candidates = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...PLACES];
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Error(
    'no Chromium found: install one (Debian and Ubuntu: apt-get install chromium), name one with GUISE_CHROMIUM, ' +
      'or leave these tests out with GUISE_SKIP=browser',
  );
}

/** Starts it, headless. The caller closes it. */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    headless: true,
    args: [
      ...ARGUMENTS,
      ...(options.loopback === false ? [] : ['--allow-loopback-in-peer-connection']),
      ...(options.camera === undefined ? [] : [`--use-file-for-fake-video-capture=${options.camera}`]),
      ...(options.microphone === undefined ? [] : [`--use-file-for-fake-audio-capture=${options.microphone}`]),
      ...(options.flags ?? []),
    ],
  });
}
