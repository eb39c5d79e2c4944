import { describe, expect, it } from 'vitest';
import type { ReportBlock } from '../../../rtp/rtcp/rtcp-packet.ts';
import { LossMeter } from './loss-meter.ts';

function block(highestSequence: number, cumulativeLost: number): ReportBlock {
  const rest = { ssrc: 1, fractionLost: 255, jitter: 0, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
  return { ...rest, highestSequence, cumulativeLost };
}

describe('loss', () => {
  it('is judged over a second, not report by report', () => {
    const meter = new LossMeter();
    expect(meter.onReport(block(1000, 0), 0)).toBeUndefined();
    expect(meter.onReport(block(1010, 4), 30)).toBeUndefined();
    expect(meter.onReport(block(1200, 2), 1000)).toBeCloseTo(0.01);
    expect(meter.onReport(block(1400, 22), 2000)).toBeCloseTo(0.1);
  });

  it('waits for enough packets, and is none where late ones came after all', () => {
    const meter = new LossMeter();
    meter.onReport(block(1000, 5), 0);
    expect(meter.onReport(block(1010, 5), 5000)).toBeUndefined();
    expect(meter.onReport(block(1100, 2), 6000)).toBe(0);
  });

  it('begins anew with a receiver that does', () => {
    const meter = new LossMeter();
    meter.onReport(block(70_000, 5), 0);
    expect(meter.onReport(block(100, 0), 2000)).toBeUndefined();
    expect(meter.onReport(block(200, 10), 3000)).toBeCloseTo(0.1);
  });
});
