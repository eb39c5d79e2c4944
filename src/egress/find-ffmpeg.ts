import { execFile, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { GatewayError } from '../errors.ts';
import type { Milli } from '../time.ts';

/** Longest wait for ffmpeg-static's download. */
const DOWNLOAD_LIMIT: Milli = 180_000;
/** Longest wait for a program to say its version. */
const ANSWER_LIMIT: Milli = 10_000;
/** Time between two lines that tell how far a download is. */
const TELL_PERIOD: Milli = 2_000;

/** Where to look for the ffmpeg program; all but `tell` is for tests. */
export interface FfmpegSearch {
  /** Told, line by line, what is being fetched. */
  readonly tell?: (line: string) => void;
  readonly environment?: NodeJS.ProcessEnv;
  /** ffmpeg-static's file and the script that downloads it; null where there is none for this system. */
  readonly bundled?: Bundled | null;
  readonly downloadLimit?: Milli;
}

/** ffmpeg-static: its file, whether it is there or not, and its installer. */
export interface Bundled {
  readonly file: string;
  readonly installer: string;
}

/**
 * The ffmpeg program: FFMPEG_BIN, then ffmpeg-static's file if it is on disk, then PATH, then ffmpeg-static's own
 * download. Undefined if there is none, and none can be had.
 * @throws GatewayError ffmpeg_missing where FFMPEG_BIN is set to something that is not ffmpeg
 */
export async function findFfmpeg(search: FfmpegSearch = {}): Promise<string | undefined> {
  const environment = search.environment ?? process.env;
  const chosen = environment['FFMPEG_BIN'];
  if (chosen) {
    if (await answers(chosen)) return chosen;
    throw new GatewayError('ffmpeg_missing', `FFMPEG_BIN must name the ffmpeg program [file:${chosen}]`);
  }
  const bundled = search.bundled === undefined ? bundledFfmpeg() : search.bundled;
  if (bundled && existsSync(bundled.file) && (await answers(bundled.file))) return bundled.file;
  for (const file of onPath(environment['PATH'] ?? '')) if (await answers(file)) return file;
  if (!bundled) return undefined;
  await download(bundled, environment, search);
  return existsSync(bundled.file) && (await answers(bundled.file)) ? bundled.file : undefined;
}

/** ffmpeg-static as npm installed it; its own module would answer with FFMPEG_BIN instead where that is set. */
function bundledFfmpeg(): Bundled | null {
  const require = createRequire(import.meta.url);
  try {
    const file: unknown = require('ffmpeg-static');
    const installer = join(dirname(require.resolve('ffmpeg-static/package.json')), 'install.js');
    return typeof file === 'string' ? { file, installer } : null;
  } catch {
    return null; // left out of the installation, as an operator may
  }
}

function onPath(path: string): string[] {
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .filter(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** True if the program runs and calls itself ffmpeg: a download that was cut off leaves a file that does not. */
async function answers(file: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(file, ['-version'], { timeout: ANSWER_LIMIT });
    return stdout.startsWith('ffmpeg version');
  } catch {
    return false;
  }
}

/** Runs ffmpeg-static's installer, telling how far it is. Whatever it could not finish is removed. */
async function download(bundled: Bundled, environment: NodeJS.ProcessEnv, search: FfmpegSearch): Promise<void> {
  const { tell = () => undefined, downloadLimit = DOWNLOAD_LIMIT } = search;
  tell(`Fetching the ffmpeg program (about 80 MB on disk), at most ${Math.ceil(downloadLimit / 1000)} s …`);
  const child = spawn(process.execPath, [bundled.installer], {
    env: { ...environment, FFMPEG_BIN: '' },
    stdio: 'ignore',
    timeout: downloadLimit,
    killSignal: 'SIGKILL',
  });
  const progress = setInterval(() => tell(`… ${megabytes(bundled.file)} MB`), TELL_PERIOD);
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
  clearInterval(progress);
  if (code === 0) return;
  rmSync(bundled.file, { force: true });
  tell('The ffmpeg program could not be fetched.');
}

function megabytes(file: string): number {
  return Math.round((statSync(file, { throwIfNoEntry: false })?.size ?? 0) / 1e6);
}
