/** Finds and starts a Chromium for the tests that need a real browser. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import type * as Scripts from '../../scripts/chromium.mjs';
import { PROJECT_ROOT } from '../../src/entry.ts';

/** True if the caller asked to go without a browser (`GUISE_SKIP=browser`); nothing else skips these tests. */
export const BROWSER_SKIPPED = (process.env['GUISE_SKIP'] ?? '').split(',').includes('browser');

/** Headless, no network of its own, a fake camera and microphone, sound without a click. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

export interface ChromiumOptions {
  /** A y4m file that the fake camera plays in a loop, at its own size and rate. Default: Chromium's test pattern. */
  readonly camera?: string;
  /** A wav file for the fake microphone. Default: Chromium's beeps. */
  readonly microphone?: string;
  /** Let the page connect over the loopback, for machines without another interface. Default true. */
  readonly loopback?: boolean;
  /** Ask before a page gets camera and microphone: contexts must be granted them. Default false. */
  readonly asks?: boolean;
  /** The program to start instead of the one that is found. */
  readonly executable?: string;
  /** More flags. */
  readonly flags?: readonly string[];
}

/** Starts it, headless. The caller closes it. */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  // By its place: benches run this file from dist/, where there are no scripts.
  const scripts = pathToFileURL(join(PROJECT_ROOT, 'scripts/chromium.mjs')).href;
  const { chromiumAdvice, findChromium } = (await import(scripts)) as typeof Scripts;
  const executablePath = options.executable ?? findChromium();
  if (executablePath === undefined) throw new Error(chromiumAdvice);
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      ...ARGUMENTS,
      ...(options.asks === true ? [] : ['--use-fake-ui-for-media-stream']),
      ...(options.loopback === false ? [] : ['--allow-loopback-in-peer-connection']),
      ...(options.camera === undefined ? [] : [`--use-file-for-fake-video-capture=${options.camera}`]),
      ...(options.microphone === undefined ? [] : [`--use-file-for-fake-audio-capture=${options.microphone}`]),
      ...(options.flags ?? []),
    ],
  });
}
