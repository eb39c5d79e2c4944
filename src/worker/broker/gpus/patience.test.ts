import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../../../test/support/patience.ts';
import { HangWatch } from './patience.ts';

let hangs = 0;
let watch: HangWatch;
afterEach(() => watch.close());

function watchJob(limit: number): void {
  hangs = 0;
  watch = new HangWatch(() => hangs++);
  watch.given(limit);
}

describe('a watch', () => {
  it('tells of a job without an answer, once', async () => {
    watchJob(80);
    await vi.waitUntil(() => hangs > 0, PATIENCE);
    await sleep(200);
    expect(hangs).toBe(1);
  });

  it('does not count the time in which this process stood still', async () => {
    watchJob(400);
    const until = Date.now() + 500;
    while (Date.now() < until);
    await sleep(100);
    watch.answered();
    await sleep(500);
    expect(hangs).toBe(0);
  });
});
