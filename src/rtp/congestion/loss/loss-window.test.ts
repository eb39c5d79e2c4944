import { describe, expect, it } from 'vitest';
import { lost, received } from '../../../../test/support/outcomes.ts';
import { LossWindow } from './loss-window.ts';

/** 1,200 bytes each 10 ms; each tenth is lost. */
const packets = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => {
    const sentAt = from + index * 10;
    return index % 10 === 9 ? lost(sentAt) : received(sentAt);
  });

describe('LossWindow', () => {
  it('counts loss and rate over spans of a quarter of a second', () => {
    const window = new LossWindow();
    expect(window.push(packets(0, 20))).toBe(false);
    expect(window.push(packets(200, 20))).toBe(true);
    expect(window.spans).toHaveLength(1);
    expect(window.spans[0]).toMatchObject({ packets: 25, lost: 2, rate: 960_000 });
  });

  it('waits for twenty packets', () => {
    const window = new LossWindow();
    const few = Array.from({ length: 21 }, (_, index) => received(index * 100));
    expect(window.push(few)).toBe(true);
    expect(window.spans[0]).toMatchObject({ packets: 20, rate: 96_000 });
  });

  it('counts a packet once, and takes back what comes after all', () => {
    const window = new LossWindow();
    window.push(packets(0, 30));
    window.push(packets(0, 30).filter(({ arrivedAt }) => arrivedAt === undefined));
    expect(window.spans[0]).toMatchObject({ packets: 25, lost: 2 });
    window.push([received(90)]);
    expect(window.spans[0]).toMatchObject({ packets: 25, lost: 1 });
  });

  it('remembers no more than 20 spans', () => {
    const window = new LossWindow();
    window.push(packets(0, 2000));
    expect(window.spans).toHaveLength(20);
    window.clear();
    expect(window.spans).toHaveLength(0);
  });
});
