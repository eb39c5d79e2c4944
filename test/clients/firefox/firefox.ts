import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { BidiPage } from './bidi-page.ts';

const NAMES = ['firefox', 'firefox-esr'];
const PLACES = ['/Applications/Firefox.app/Contents/MacOS/firefox', 'C:\\Program Files\\Mozilla Firefox\\firefox.exe'];

/** A fake camera and microphone that need no permission, calls over the loopback, sound without a click. */
const PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.autoplay.default': 0,
};

/** The browser program: GUISE_FIREFOX, then PATH, then the usual places. */
export function findFirefox(): string {
  const asked = process.env['GUISE_FIREFOX'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const places = asked ? [asked] : [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...PLACES];
  const found = places.find(existsSync);
  if (found === undefined) throw new Error('Firefox must be there: install it, or name its program by GUISE_FIREFOX');
  return found;
}

/** A stock Firefox, headless, with a profile of its own, driven by WebDriver BiDi: Playwright drives only its own build. */
export class Firefox {
  readonly page: BidiPage;
  readonly #child: ChildProcess;
  readonly #profile: string;

  private constructor(child: ChildProcess, profile: string, page: BidiPage) {
    this.#child = child;
    this.#profile = profile;
    this.page = page;
  }

  static async launch(program: string): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), 'guise-firefox-'));
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    const child = spawn(program, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return new Firefox(child, profile, await BidiPage.open(await addressOf(child)));
  }

  async close(): Promise<void> {
    this.page.close();
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await exited;
    clearTimeout(forced);
    rmSync(this.#profile, { recursive: true, force: true });
  }
}

/** Where it listens, from what it says at its start. The rest of what it says is read and dropped. */
async function addressOf(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr! });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Firefox must start [code:${code}]: ${said.join('\n')}`)));
  });
}
