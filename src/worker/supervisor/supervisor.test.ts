import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../test/support/patience.ts';
import { PROJECT_ROOT } from '../../entry.ts';
import { GatewayError } from '../../errors.ts';
import { createLog } from '../../log.ts';
import { monotonic } from '../../time.ts';
import { sessionSettingsSchema } from '../wire/protocol.ts';
import type { RemoteSession, SessionEvents } from './remote-session.ts';
import { Supervisor } from './supervisor.ts';

process.env['GUISE_LOG'] = 'silent';

const consent = { subject: 'Grace Hopper', grantedBy: 'the tests', grantedAt: '2026-01-01' };
const settings = sessionSettingsSchema.parse({});

/** One pair of workers for all tests: each start takes seconds on a busy machine. */
const supervisor = new Supervisor({
  workers: 2,
  pixelThreads: 2,
  viewersAtHome: 32,
  maximumSessions: 4,
  maximumWaiting: 2,
  memory: { softMegabytes: null, hardMegabytes: null, retireMinutes: 10 },
  media: {
    transport: 'werift',
    broker: null,
    recipes: [],
    reach: { udpPorts: null, udpMux: null, tcp: null, announce: ['127.0.0.1'], ice: 'lite', stunServers: [] },
    limits: { frameRate: 65, bitrate: 20e6, decodeMilliseconds: 250 },
    codecs: { send: ['vp8'], hardware: 'off' },
    maximumBytes: 12e6,
    maximumPixels: 50e6,
  },
  log: createLog('test'),
  clock: monotonic,
});
beforeAll(() => supervisor.start());
afterAll(() => supervisor.close());

const open: RemoteSession[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** The supervisor tells nobody of replacements, so it is looked at. */
function until(condition: () => boolean): Promise<boolean> {
  return vi.waitUntil(condition, PATIENCE);
}

function pids(): (number | undefined)[] {
  return supervisor.status.workers.map(({ pid }) => pid);
}

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) throw new Error('a ready worker has a process id');
  process.kill(pid, name);
}

/** A session whose end can be waited for. */
async function session(): Promise<{ session: RemoteSession; ended: Promise<GatewayError> }> {
  let end: SessionEvents['onEnd'] = () => undefined;
  const ended = new Promise<GatewayError>((resolve) => (end = resolve));
  const events = { onState: () => undefined, onFace: () => undefined, onFigures: () => undefined, onEnd: end };
  const opened = await supervisor.openSession(settings, { identity: null, events });
  open.push(opened);
  return { session: opened, ended };
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
  );
}

describe('the supervisor', () => {
  test('refuses sessions over the limit, and takes them again when one has closed', async () => {
    const { session: first } = await session();
    await Promise.all([session(), session(), session()]);
    // Each went where most room was.
    expect(supervisor.status.workers.map(({ sessions }) => sessions)).toEqual([2, 2]);

    expect(await codeOf(session())).toBe('capacity_full');
    await first.close();
    await first.close();
    expect(await codeOf(session())).toBe('none');
  });

  test('leaves a worker alone that was stopped for 400 ms', async () => {
    const { session: stopped } = await session();
    const before = pids();

    for (const pid of before) signal(pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 400));
    for (const pid of before) signal(pid, 'SIGCONT');

    // It answers, as the same process.
    await stopped.change(settings, { identity: 'mask:gold' });
    expect(pids()).toEqual(before);
    expect(supervisor.status.restarts).toBe(0);
  });

  test.each(['SIGKILL', 'SIGSTOP'] as const)('after %s tells the sessions, then replaces the worker', async (name) => {
    const [first, second] = await Promise.all([session(), session()]);
    const [victim, survivor] = pids();
    const { restarts } = supervisor.status;
    const order: string[] = [];
    for (const { ended } of [first, second]) {
      void ended.then((error) => order.push(`session told ${error.code}, ${supervisor.status.workers.length} left`));
    }

    signal(victim, name);
    await until(() => order.length > 0);
    await until(() => supervisor.status.workers.length === 2);

    // One of the two lived in the worker that is gone; the other goes on.
    expect(order).toEqual(['session told worker_lost, 1 left']);
    expect(supervisor.status).toMatchObject({ restarts: restarts + 1, sessions: 1 });
    expect(pids()).toContain(survivor);
    expect(pids()).not.toContain(victim);
    expect(() => signal(victim, 'SIGCONT')).toThrow();
    // The new worker takes sessions.
    await session();
    expect(supervisor.status.workers.every(({ sessions }) => sessions === 1)).toBe(true);
  });

  test('rejects what workers were asked when they die, is not ready without any, and lets none outlive it', async () => {
    const photo = await readFile(join(PROJECT_ROOT, 'test', 'fixtures', 'grace_hopper.jpg'));
    const judged = codeOf(supervisor.judgePhoto(photo, consent));

    for (const pid of pids()) signal(pid, 'SIGKILL');

    expect(await judged).toBe('worker_lost');
    await until(() => supervisor.readiness === 'starting');
    expect(await codeOf(session())).toBe('worker_lost');

    await until(() => supervisor.status.workers.length === 2);
    const children = pids();
    await supervisor.close();
    for (const pid of children) expect(() => signal(pid, 'SIGCONT')).toThrow();
    expect(await codeOf(session())).toBe('worker_lost');
  });
});
