/** The program as it is shipped: what it prints, how it ends. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../support/patience.ts';
import { entryFile } from '../../src/entry.ts';
import { Signalling } from '../bench/client/signalling.ts';
import { treeOf } from '../bench/gateway/proc.ts';

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

const env = { ...process.env, GUISE_LOG: 'warn', GUISE_PIXEL_THREADS: '1', GUISE_DRAIN_SECONDS: '600' };

/** Starts the gateway and waits for the address that it prints. */
async function start(args: string[]): Promise<{ child: ChildProcess; address: string; printed: string }> {
  const child = spawn(process.execPath, [entryFile('main'), ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  let printed = '';
  child.stdout?.on('data', (text: Buffer) => (printed += text.toString()));
  await vi.waitUntil(() => printed.includes('://localhost:'), { timeout: 90_000, interval: 50 });
  return { child, address: /https?:\/\/localhost:\d+/.exec(printed)?.[0] ?? '', printed };
}

function run(args: string[]): { status: number | null; stderr: string; stdout: string } {
  return spawnSync(process.execPath, [entryFile('main'), ...args], { env, encoding: 'utf8' });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('prints its address once calls are accepted; after SIGTERM takes no more, and ends with the last one', async () => {
  const { child, address } = await start(['--port', '0']);
  expect(address).toMatch(/^http:/);
  const health = await fetch(`${address}/healthz`);
  expect(health.status).toBe(200);
  const second = run(['--port', new URL(address).port]);
  expect([second.status, second.stderr]).toEqual([1, expect.stringContaining('[port_in_use]')]);
  const family = treeOf(child.pid ?? 0);
  expect(family.length).toBeGreaterThan(1);
  const call = await Signalling.open(address, {});

  child.kill('SIGTERM');

  expect((await call.next('draining')).within).toBe(600_000);
  const draining = await fetch(`${address}/healthz`);
  expect([draining.status, await draining.json()]).toEqual([503, { status: 'draining' }]);
  const headers = { 'content-type': 'application/sdp' };
  const refused = await fetch(`${address}/whip/stage`, { method: 'POST', headers, body: 'v=0\r\n' });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  await expect(Signalling.open(address, {})).rejects.toThrow('503');
  call.close();
  expect(await once(child, 'exit')).toEqual([0, null]);
  await vi.waitUntil(() => !family.some(alive), PATIENCE);
});

test('ends at once, with all its children, at a second SIGTERM', async () => {
  const { child, address } = await start(['--port', '0']);
  const family = treeOf(child.pid ?? 0);
  const call = await Signalling.open(address, {});
  child.kill('SIGTERM');
  await call.next('draining');

  child.kill('SIGTERM');

  expect(await once(child, 'exit')).toEqual([1, null]);
  await vi.waitUntil(() => !family.some(alive), PATIENCE);
});

test('leaves no child behind when it is killed', async () => {
  const { child } = await start(['--port', '0']);
  const family = treeOf(child.pid ?? 0);

  child.kill('SIGKILL');

  await vi.waitUntil(() => !family.some(alive), PATIENCE);
});

test('says what is wrong with its settings, and how it is used', () => {
  expect(run(['--port', 'eighty'])).toMatchObject({ status: 1, stderr: expect.stringContaining('port') as string });
  expect(run(['--wrong'])).toMatchObject({ status: 1, stderr: expect.stringContaining('--wrong') as string });
  expect(run(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('--https') as string });
});
