import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readToken } from '../api/access/token.ts';
import { EXIT, runCli } from '../cli.ts';

const secret = 'a secret of the tests, long enough';
beforeEach(() => vi.stubEnv('GUISE_ACCESS_SECRET', secret));
afterEach(() => vi.unstubAllEnvs());

/** Runs `guise token …`; gives its exit code and what it wrote. */
async function token(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const sink = (into: 'out' | 'err') =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[into] += chunk.toString();
        done();
      },
    });
  const code = await runCli(['token', ...args], { out: sink('out'), err: sink('err') });
  return { code, ...written };
}

it('signs what it is asked to, with the secret of the configuration', async () => {
  const { code, out } = await token('--grant', 'publish', 'control', '--room', 'stage', '--maximum-side', '640');
  expect(code).toBe(EXIT.done);
  expect(await readToken(out.trim(), secret)).toEqual({
    grants: ['publish', 'control'],
    room: 'stage',
    maximumSide: 640,
  });
});

it('says what is wrong with what it is asked', async () => {
  const { code, err } = await token('--grant', 'everything', '--room', 'a b');
  expect([code, err]).toEqual([EXIT.failed, expect.stringMatching(/grants.*room/)]);
  expect((await token('--grant', 'view', '--expires', '0')).code).toBe(EXIT.usage);
  expect((await token('--grant', 'view', '--maximum-side', '99999')).code).toBe(EXIT.usage);
  expect((await token()).code).toBe(EXIT.usage);
});

it('needs the secret', async () => {
  vi.stubEnv('GUISE_ACCESS_SECRET', undefined);
  const { code, err } = await token('--grant', 'publish');
  expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('GUISE_ACCESS_SECRET')]);
});
