import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from './find-ffmpeg.ts';

let folder: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guise-ffmpeg-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A program in a folder of its own that answers `-version` like ffmpeg, or not. */
function program(answer = 'ffmpeg version 6.1.1 Copyright'): { file: string; path: string } {
  const path = join(folder, String(count++));
  mkdirSync(path);
  const file = join(path, 'ffmpeg');
  writeFileSync(file, `#!/bin/sh\necho '${answer}'\n`);
  chmodSync(file, 0o755);
  return { file, path };
}

/** An installer that puts the program in place, or does something else. */
function installer(body: (file: string) => string): { file: string; installer: string } {
  const path = join(folder, String(count++));
  mkdirSync(path);
  const file = join(path, 'ffmpeg');
  writeFileSync(join(path, 'install.cjs'), `const fs = require('node:fs');\n${body(file)}`);
  return { file, installer: join(path, 'install.cjs') };
}

const installs = (file: string) =>
  `fs.writeFileSync(${JSON.stringify(file)}, "#!/bin/sh\\necho 'ffmpeg version 6'\\n", { mode: 0o755 });`;

describe.skipIf(process.platform === 'win32')('the ffmpeg program', () => {
  it('is the one that FFMPEG_BIN names, before all others', async () => {
    const named = program();
    const environment = { FFMPEG_BIN: named.file, PATH: program().path };
    expect(await findFfmpeg({ environment, bundled: { file: program().file, installer: '' } })).toBe(named.file);
  });

  it('is missing with a reason where FFMPEG_BIN names something else', async () => {
    for (const file of ['/nowhere/ffmpeg', program('bash version 5').file]) {
      const found = findFfmpeg({ environment: { FFMPEG_BIN: file, PATH: program().path }, bundled: null });
      await expect(found).rejects.toMatchObject({ code: 'ffmpeg_missing' });
    }
  });

  it('is the file of ffmpeg-static if it is on disk, before PATH', async () => {
    const bundled = program();
    const environment = { PATH: program().path };
    expect(await findFfmpeg({ environment, bundled: { file: bundled.file, installer: '' } })).toBe(bundled.file);
  });

  it('is the first on PATH that answers, and nothing is fetched then', async () => {
    const [broken, whole] = [program('nothing of use'), program()];
    const bundled = installer(() => 'throw new Error()');
    const environment = { PATH: ['/nowhere', broken.path, whole.path].join(':') };
    expect(await findFfmpeg({ environment, bundled })).toBe(whole.file);
  });

  it('is fetched by ffmpeg-static where there is none, and that is told', async () => {
    const bundled = installer(installs);
    const lines: string[] = [];
    const environment = { PATH: '' };
    expect(await findFfmpeg({ environment, bundled, tell: (line) => lines.push(line) })).toBe(bundled.file);
    expect(lines).toEqual([expect.stringContaining('Fetching')]);
  });

  it('is none where fetching fails, or takes too long, and half a file is removed', async () => {
    const environment = { PATH: '' };
    const failing = installer((file) => `fs.writeFileSync(${JSON.stringify(file)}, 'half'); process.exit(1);`);
    expect(await findFfmpeg({ environment, bundled: failing })).toBeUndefined();
    expect(existsSync(failing.file)).toBe(false);
    const endless = installer(
      (file) => `fs.writeFileSync(${JSON.stringify(file)}, 'half'); setInterval(() => {}, 1e6);`,
    );
    expect(await findFfmpeg({ environment, bundled: endless, downloadLimit: 500 })).toBeUndefined();
    expect(existsSync(endless.file)).toBe(false);
    expect(await findFfmpeg({ environment, bundled: null })).toBeUndefined();
  });
});
