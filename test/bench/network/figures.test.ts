import { describe, expect, it } from 'vitest';
import type { PacketRecord } from '../../relay/link.ts';
import { carried, offered, queued, settled } from './link-use.ts';
import type { Sample } from './page-script.ts';
import { longestPause, seen, untilFrames } from './seen.ts';

const NOTHING: Sample = {
  at: 0,
  framesDecoded: 0,
  framesDropped: 0,
  freezes: 0,
  frozen: 0,
  waited: 0,
  wished: 0,
  emitted: 0,
  width: 1280,
  packetsLost: 0,
  keyframesWanted: 0,
  bytesReceived: 0,
  bytesSent: 0,
  framesEncoded: 0,
  sentWidth: 1280,
  available: 0,
};

/** Samples each 100 ms at 30 frames a second; nothing is decoded from `stop` to `go`, which counts as one freeze. */
function samples(stop = Infinity, go = Infinity): Sample[] {
  let [decoded, frozen, freezes] = [0, 0, 0];
  return Array.from({ length: 100 }, (_, index) => {
    const at = index * 100;
    if (at <= stop || at > go) decoded += 3;
    if (at - 100 <= go && at > go) [frozen, freezes] = [(go - stop) / 1000, 1];
    return { ...NOTHING, at, framesDecoded: decoded, emitted: decoded, waited: decoded * 0.02, frozen, freezes };
  });
}

/** Packets of 1000 bytes each 4 ms, 2 Mbit/s, from `from` to `to`; each stands `wait` ms. */
function packets(from: number, to: number, wait: number, gap = 4): PacketRecord[] {
  return Array.from({ length: (to - from) / gap }, (_, index) => ({
    at: from + index * gap,
    size: 1000,
    flow: 0,
    wait,
  }));
}

describe('what a browser saw', () => {
  it('is counted over the asked span only', () => {
    const all = seen(samples(3000, 4500), 0, 9900);
    expect(all).toMatchObject({ freezes: 1, longestFreezeMs: 1500 });
    expect(all.fps).toBeCloseTo((100 - 15 - 1) * (3 / 9.9), 1);
    expect(all.frozen).toBeCloseTo(1.5 / 9.9, 3);
    expect(all.jitterBufferMs).toBeCloseTo(20);

    expect(seen(samples(3000, 4500), 5000, 9900)).toMatchObject({ freezes: 0, frozen: 0, longestFreezeMs: 0 });
    expect(() => seen([], 0, 1)).toThrow(/samples/);
  });

  it('tells when the picture moves again', () => {
    expect(untilFrames(samples(3000, 4500), 4500, 1)).toBe(100);
    expect(untilFrames(samples(3000, 4500), 4000, 4)).toBe(700);
    expect(untilFrames(samples(3000), 4000, 1)).toBeNaN();
  });

  it('tells the longest pause, one that is not over too', () => {
    expect(longestPause(samples(3000, 4500), 0, 9900)).toBe(1600);
    expect(longestPause(samples(3000, 4500), 5000, 9900)).toBe(100);
    expect(longestPause(samples(3000), 0, 9000)).toBe(6000);
  });
});

describe('what a link carried', () => {
  it('is told by when packets came in, and by when they left the bottleneck', () => {
    const records = packets(0, 1000, 500);
    expect(offered(records, 0, 1000)).toBe(2e6);
    expect(carried(records, 0, 500)).toBe(0);
    expect(carried(records, 500, 1500)).toBe(2e6);
    expect(carried(records, 500, 1500, 1)).toBe(0);
    expect(carried([{ at: 0, size: 1000, flow: 0, loss: 'overflow' }], 0, 1000)).toBe(0);
    expect(queued([...packets(0, 1000, 20), ...packets(1000, 1100, 90)], 0, 1100)).toEqual({ p50: 20, p95: 90 });
  });

  it('has settled when two windows in a row are good', () => {
    // 2 Mbit/s for a second, a dip, 2 Mbit/s again for a second, then 1 Mbit/s.
    const records = [...packets(0, 1000, 0), ...packets(1500, 2500, 0), ...packets(2500, 6000, 0, 8)];
    const span = { from: 0, to: 6000, window: 500 };
    expect(settled(records, span, (rate) => rate <= 1.1e6)).toBe(2500);
    expect(settled(records, span, (rate) => rate <= 0.5e6)).toBeNaN();
  });
});
