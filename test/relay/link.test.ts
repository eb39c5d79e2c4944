import { describe, expect, it } from 'vitest';
import type { Impairment } from './impairment.ts';
import { Link } from './link.ts';

/** Sends packets 0, 1, 2… of `size` bytes `gap` ms apart. Returns what came out and when, by a clock of 0.1 ms. */
function play(
  link: Link<number>,
  { count, gap, size = 1000 }: { count: number; gap: number; size?: number },
  change: (index: number) => Partial<Impairment> | undefined = () => undefined,
): { packet: number; at: number }[] {
  const out: { packet: number; at: number }[] = [];
  let sent = 0;
  for (let tenth = 0; sent < count || link.nextAt < Infinity; tenth++) {
    const now = tenth / 10;
    while (sent < count && sent * gap <= now) {
      const changed = change(sent);
      if (changed) link.set(changed);
      link.push(sent++, size, 0, now);
    }
    for (const packet of link.take(now)) out.push({ packet, at: now });
  }
  return out;
}

describe('a link', () => {
  it('gives packets at once and in order when it is clean', () => {
    const out = play(new Link(1), { count: 50, gap: 1 });

    expect(out).toEqual(Array.from({ length: 50 }, (_, packet) => ({ packet, at: packet })));
  });

  it('keeps each packet for its delay', () => {
    const out = play(new Link(1, { delay: 50 }), { count: 20, gap: 2 });

    expect(out.map(({ packet, at }) => at - packet * 2)).toEqual(Array.from({ length: 20 }, () => 50));
  });

  it('lets packets out at its rate and tells how long each stood in the queue', () => {
    const link = new Link<number>(1, { rate: 1000 }); // 1000 bytes take 8 ms

    const out = play(link, { count: 5, gap: 0 });

    expect(out.map(({ at }) => at)).toEqual([8, 16, 24, 32, 40]);
    expect(link.records.map(({ wait }) => wait)).toEqual([8, 16, 24, 32, 40]);
  });

  it('drops what would wait longer than its queue holds', () => {
    const link = new Link<number>(1, { rate: 1000, queue: 100 });

    const out = play(link, { count: 30, gap: 0 });

    expect(out.map(({ packet }) => packet)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(link.counters).toMatchObject({ packets: 30, delivered: 12, overflow: 18, lost: 0 });
    expect(Math.max(...link.records.map(({ wait }) => wait ?? 0))).toBeLessThanOrEqual(100);
  });

  it('carries its rate when more is offered, and that share no more', () => {
    const link = new Link<number>(1, { rate: 1000, queue: 200 });

    const out = play(link, { count: 1000, gap: 4 }); // 2 Mbit/s for 4 s

    const seconds = (out.at(-1)!.at - out[0]!.at) / 1000;
    expect(((out.length - 1) * 8) / seconds).toBeCloseTo(1000, 0);
  });

  it('empties its queue at the new rate when the rate changes', () => {
    const link = new Link<number>(1, { rate: 100, queue: 10_000 }); // 80 ms each
    const out = play(link, { count: 4, gap: 1 }, (index) => (index === 3 ? { rate: 1000 } : undefined));

    expect(out.map(({ at }) => at)).toEqual([80, 88, 96, 104]);
  });

  it('loses its share of packets, each on its own', () => {
    const link = new Link<number>(7, { loss: 10 });

    const out = play(link, { count: 20_000, gap: 0.1 });

    expect(out.length + link.counters.lost).toBe(20_000);
    expect(link.counters.lost / 20_000).toBeCloseTo(0.1, 2);
    expect(meanRun(link)).toBeCloseTo(1 / 0.9, 1);
  });

  it('loses the same share in runs of the asked length', () => {
    const link = new Link<number>(7, { loss: 10, burst: 4 });

    play(link, { count: 40_000, gap: 0.1 });

    expect(link.counters.lost / 40_000).toBeCloseTo(0.1, 2);
    expect(meanRun(link)).toBeGreaterThan(3.6);
    expect(meanRun(link)).toBeLessThan(4.4);
  });

  it('meets the same packets with the same fate for the same seed, and another for another', () => {
    const fates = (seed: number) => play(new Link(seed, { loss: 20, jitter: 5, duplicate: 3 }), { count: 200, gap: 1 });

    expect(fates(3)).toEqual(fates(3));
    expect(fates(3)).not.toEqual(fates(4));
  });

  it('keeps the order under jitter, unless it is told not to', () => {
    const overtakes = (ordered: boolean) =>
      play(new Link(2, { jitter: 20, ordered }), { count: 300, gap: 1 }).filter(
        ({ packet }, index, out) => index > 0 && packet < out[index - 1]!.packet,
      ).length;

    expect(overtakes(true)).toBe(0);
    expect(overtakes(false)).toBeGreaterThan(50);
  });

  it('holds some packets back behind later ones, and none is missing', () => {
    const link = new Link<number>(2, { reorder: 5 });

    const out = play(link, { count: 1000, gap: 2 });

    const overtaken = out.filter(({ packet }, index) => index > 0 && packet < out[index - 1]!.packet).length;
    expect(overtaken).toBe(link.counters.reordered);
    expect(overtaken).toBeGreaterThan(25);
    expect(new Set(out.map(({ packet }) => packet)).size).toBe(1000);
  });

  it('sends some packets twice', () => {
    const link = new Link<number>(2, { duplicate: 10 });

    const out = play(link, { count: 1000, gap: 1 });

    expect(link.counters.duplicated).toBeGreaterThan(50);
    expect(out.length).toBe(1000 + link.counters.duplicated);
  });

  it('lets nothing in while it is cut, and what was on its way comes out', () => {
    const link = new Link<number>(1, { delay: 5 });
    const out = play(link, { count: 30, gap: 1 }, (index) => ({ cut: index >= 10 && index < 20 }));

    expect(out.map(({ packet }) => packet)).toEqual([...Array(10).keys(), ...[...Array(10).keys()].map((i) => 20 + i)]);
    expect(link.counters.cut).toBe(10);
  });

  it('refuses values out of range by name', () => {
    expect(() => new Link(1, { loss: 101 })).toThrow(/\[loss:101\]/);
    expect(() => new Link(1, { rate: 0 })).toThrow(/\[rate:0\]/);
    expect(() => new Link(1, { burst: 0.5 })).toThrow(/\[burst:0.5\]/);
  });
});

/** Mean length of the runs of lost packets. */
function meanRun(link: Link<number>): number {
  const lost = link.records.map(({ loss }) => loss !== undefined);
  const runs = lost.filter((one, index) => one && !lost[index - 1]).length;
  return lost.filter(Boolean).length / runs;
}
