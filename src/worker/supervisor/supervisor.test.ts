import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
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
let supervisor: Supervisor;
afterEach(() => supervisor.close());

async function start(workers: number, maximumSessions: number | null = null): Promise<Supervisor> {
  supervisor = new Supervisor({
    workers,
    pixelThreads: workers,
    maximumSessions,
    media: { udpPorts: null, announce: ['127.0.0.1'], maximumBytes: 12e6, maximumPixels: 50e6 },
    log: createLog('test'),
    clock: monotonic,
  });
  await supervisor.start();
  return supervisor;
}

/** The supervisor tells nobody of replacements, so it is looked at. */
function until(condition: () => boolean): Promise<boolean> {
  return vi.waitUntil(condition, { timeout: 30_000, interval: 20 });
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
  return { session: await supervisor.openSession(settings, { identity: null, events }), ended };
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
  );
}

describe('the supervisor', () => {
  test.each(['SIGKILL', 'SIGSTOP'] as const)('after %s tells the sessions, then replaces the worker', async (name) => {
    await start(2);
    const [first, second] = await Promise.all([session(), session()]);
    const [victim, survivor] = pids();
    const order: string[] = [];
    for (const { ended } of [first, second]) {
      void ended.then((error) => order.push(`session told ${error.code}, ${supervisor.status.workers.length} left`));
    }

    signal(victim, name);
    await until(() => order.length > 0);
    await until(() => supervisor.status.workers.length === 2);

    // One of the two lived in the worker that is gone; the other goes on.
    expect(order).toEqual(['session told worker_lost, 1 left']);
    expect(supervisor.status).toMatchObject({ restarts: 1, sessions: 1 });
    expect(pids()).toContain(survivor);
    expect(pids()).not.toContain(victim);
    expect(() => signal(victim, 'SIGCONT')).toThrow();

    // The new worker takes sessions.
    await session();
    expect(supervisor.status.workers.every(({ sessions }) => sessions === 1)).toBe(true);
  });

  test('rejects what a worker was asked when it dies, and is not ready without any', async () => {
    await start(1);
    const { session: open } = await session();
    const photo = await readFile(join(PROJECT_ROOT, 'test', 'fixtures', 'grace_hopper.jpg'));
    const judged = codeOf(supervisor.judgePhoto(photo, consent));

    signal(pids()[0], 'SIGKILL');

    expect(await judged).toBe('worker_lost');
    expect(supervisor.ready).toBe(false);
    expect(await codeOf(session())).toBe('worker_lost');
    await open.close();
  });

  test('a worker outlives a stop of 400 ms', async () => {
    await start(1);
    const { session: open } = await session();
    const before = pids();

    signal(before[0], 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 400));
    signal(before[0], 'SIGCONT');

    // It answers, as the same process.
    await open.change(settings, 'mask:gold');
    expect(pids()).toEqual(before);
    expect(supervisor.status.restarts).toBe(0);
  });

  test('refuses sessions over the limit, and takes them again when one has closed', async () => {
    await start(1, 2);
    const { session: first } = await session();
    await session();

    expect(await codeOf(session())).toBe('capacity_full');
    await first.close();
    await first.close();
    expect(await codeOf(session())).toBe('none');
  });

  test('lets no child outlive it', async () => {
    await start(2);
    await session();
    const children = pids();

    await supervisor.close();

    for (const pid of children) expect(() => signal(pid, 'SIGCONT')).toThrow();
    expect(await codeOf(session())).toBe('worker_lost');
  });
});
