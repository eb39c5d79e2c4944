import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fakeMpsControl, stateFile, type FakeMps } from '../../../test/support/fake-mps-control.ts';
import { createLog } from '../../log.ts';
import { MpsControl } from './mps-control.ts';
import { MpsDaemon, type MpsOptions } from './mps-daemon.ts';

process.env['GUISE_LOG'] = 'silent';
const device = 'GPU-11111111-2222-3333-4444-555555555555';
const log = createLog('test');

let folder: string;
let pipes: string;
let options: MpsOptions;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guise-mps-test-'));
  pipes = join(folder, device, 'pipe');
  options = { device, folder, pipes: undefined, program: fakeMpsControl(folder), log };
  delete process.env['CUDA_MPS_PIPE_DIRECTORY'];
});

function state(at = pipes): FakeMps {
  return JSON.parse(readFileSync(stateFile(at), 'utf8')) as FakeMps;
}

/** Makes the daemon know something else, as when a client comes. */
function know(change: (mps: FakeMps) => void, at = pipes): void {
  const mps = state(at);
  change(mps);
  writeFileSync(stateFile(at), JSON.stringify(mps));
}

/** Clients come to the daemon's one server. */
function come(...clients: number[]): void {
  know((mps) => {
    mps.servers[0] ??= { pid: 500, status: 'ACTIVE', clients: [] };
    mps.servers[0].clients.push(...clients);
  });
}

describe('an MPS daemon', () => {
  test('is started for one GPU, limits its clients, and is ended with its servers', async () => {
    const daemon = await MpsDaemon.open(options);

    expect(daemon.attached).toBe(false);
    expect(state().device).toBe(device);
    expect(daemon.clientEnvironment({ activeThreads: 50, memory: 3 * 2 ** 30 })).toEqual({
      CUDA_MPS_PIPE_DIRECTORY: pipes,
      CUDA_VISIBLE_DEVICES: '0',
      CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: '50',
      CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: '0=3072M',
    });
    await daemon.close();
    await daemon.close();
    expect(existsSync(stateFile(pipes))).toBe(false);
  });

  test('is attached to where one answers, and then left running', async () => {
    const theirs = join(folder, 'theirs');
    mkdirSync(theirs);
    writeFileSync(stateFile(theirs), JSON.stringify({ device: 'all', servers: [], asked: [] } satisfies FakeMps));

    const daemon = await MpsDaemon.open({ ...options, pipes: theirs });
    const environment = daemon.clientEnvironment();
    await daemon.close();

    expect(daemon.attached).toBe(true);
    expect(environment).toEqual({ CUDA_MPS_PIPE_DIRECTORY: theirs, CUDA_VISIBLE_DEVICES: device });
    expect(state(theirs).asked.some((command) => command.startsWith('quit'))).toBe(false);
  });

  test('is started where none answers, and taken over where one was left behind', async () => {
    const first = await MpsDaemon.open({ ...options, pipes: join(folder, 'nobody') });
    come(41);
    const second = await MpsDaemon.open(options);

    expect([first.attached, second.attached]).toEqual([false, false]);
    expect(await second.clients()).toEqual([41]);
  });

  test('says which workers are behind it, also those that it knows by another process id', async () => {
    const daemon = await MpsDaemon.open(options);
    const start =
      (pid: number, ...clients: number[]) =>
      () => {
        if (clients.length > 0) come(...clients);
        return Promise.resolve({ pid });
      };

    const admitted = await Promise.all([
      daemon.admit(start(41, 41)),
      daemon.admit(start(42, 90_042)),
      daemon.admit(start(43)),
      daemon.admit(start(44, 90_044, 90_045)),
    ]);

    expect(admitted.map(({ behind }) => behind)).toEqual([true, true, false, false]);
    expect(await daemon.terminate(42)).toBe(true);
    expect(await daemon.clients()).toEqual([41, 90_044, 90_045]);
    expect(state().asked).toContain('terminate_client 500 90042');
    expect(await daemon.terminate(43)).toBe(false);
  });

  test('tells a fault, and that it is gone', async () => {
    const daemon = await MpsDaemon.open(options);
    const seen = [await daemon.health()];
    come(41);
    seen.push(await daemon.health());
    know((mps) => (mps.servers[0]!.status = 'FAULT'));
    seen.push(await daemon.health());
    know((mps) => (mps.servers[0]!.status = 'what?'));
    seen.push(await daemon.health());

    expect(seen).toEqual(['idle', 'active', 'fault', 'gone']);
  });

  test('that does not answer is not waited for', async () => {
    const control = new MpsControl({ pipes, logs: pipes, program: options.program!, limit: 200 });
    await control.startDaemon(device);
    know((mps) => (mps.hangs = true));

    await expect(control.servers()).rejects.toMatchObject({ code: 'mps_failed' });
    expect(await control.answers()).toBe(false);
  });

  test('that cannot be is said to be missing', async () => {
    const opening = MpsDaemon.open({ ...options, program: join(folder, 'no-such-program') });

    await expect(opening).rejects.toMatchObject({
      code: 'mps_failed',
      message: expect.stringContaining('must be installed with the driver') as string,
    });
  });

  test('that says something else than it was asked is not believed', async () => {
    const daemon = await MpsDaemon.open(options);
    know((mps) => mps.servers.push({ pid: 500, status: 'ACTIVE', clients: ['Failed to get' as never] }));

    await expect(daemon.clients()).rejects.toMatchObject({ code: 'mps_failed' });
    expect(await daemon.terminate(41)).toBe(false);
  });
});
