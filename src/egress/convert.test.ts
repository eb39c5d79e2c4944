import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertContainer } from './convert.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const never = new AbortController().signal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guise-convert-'));
  writeFileSync(at('in.mkv'), 'film');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Stands in for ffmpeg: notes what it is run for, then does what `body` says. Questions about what it can do are empty. */
function program(body: string): string {
  const run = `[ "$1" = -i ] || exit 0\necho "$*" >> '${at('calls')}'\nfor out; do :; done`;
  writeFileSync(at('ffmpeg'), `#!/bin/sh\n${run}\n${body}\n`);
  chmodSync(at('ffmpeg'), 0o755);
  return at('ffmpeg');
}

/** The runs that were asked for. */
const calls = () => readFileSync(at('calls'), 'utf8').trim().split('\n');

describe.skipIf(process.platform === 'win32')('changing the container', () => {
  it('copies the pictures and takes all sound along', async () => {
    await convertContainer(program('echo done > "$out"'), at('in.mkv'), at('out.webm'), never);
    expect(existsSync(at('out.webm'))).toBe(true);
    expect(calls()).toEqual([expect.stringMatching(/-map 0:v:0 -map 0:a\? .*-c:v copy/)]);
  });

  it('encodes the pictures where the container cannot hold them', async () => {
    const body = 'case "$*" in *copy*) echo "cannot hold it" >&2; exit 1;; esac; echo done > "$out"';
    await convertContainer(program(body), at('in.mkv'), at('out.avi'), never);
    expect(calls()).toEqual([expect.stringContaining('-c:v copy'), expect.stringContaining('-q:v 2')]);
  });

  it('says what ffmpeg said where neither works', async () => {
    const failing = program('echo "No space left on device" >&2; exit 1');
    const run = convertContainer(failing, at('in.mkv'), at('out.avi'), never);
    await expect(run).rejects.toMatchObject({ code: 'file_unwritable', message: expect.stringContaining('No space') });
  });

  it('ends the program when it is told to, without a second attempt', async () => {
    const controller = new AbortController();
    const began = new Promise<void>((resolve) => {
      const watcher = watch(folder, (_, name) => {
        if (name !== 'began') return;
        watcher.close();
        resolve();
      });
    });
    const endless = program(`touch '${at('began')}'; exec sleep 600`);
    const run = convertContainer(endless, at('in.mkv'), at('out.avi'), controller.signal);
    await began;
    controller.abort();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(calls()).toHaveLength(1);
  });
});
