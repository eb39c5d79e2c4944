import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runGuise, type Told } from '../../test/support/run-guise.ts';
import { readToken } from '../api/access/token.ts';
import { EXIT } from '../cli.ts';

const secret = 'a secret of the tests, long enough';
beforeEach(() => vi.stubEnv('GUISE_ACCESS_SECRET', secret));
afterEach(() => vi.unstubAllEnvs());

const token = (...args: readonly string[]): Promise<Told> => runGuise(['token', ...args]);

it('signs what it is asked to, with the secret of the configuration', async () => {
  const { code, out } = await token(
    '--grant',
    'publish',
    'control',
    '--room',
    'stage',
    '--for',
    'obs',
    '--maximum-side',
    '640',
  );
  expect(code).toBe(EXIT.done);
  expect(await readToken(out.trim(), secret)).toEqual({
    grants: ['publish', 'control'],
    room: 'stage',
    sub: 'obs',
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
