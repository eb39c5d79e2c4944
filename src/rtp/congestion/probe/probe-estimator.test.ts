import { describe, expect, it } from 'vitest';
import { received } from '../../../../test/support/outcomes.ts';
import { ProbeEstimator } from './probe-estimator.ts';

const PROBE = { id: 7, bitrate: 2_400_000, bytes: 6000, packets: 5 };

/** Six packets of 1,200 bytes, one each 4 ms: 2.4 Mbit/s. They arrive `arrivals` apart; those in `missing` do not. */
function probe(arrivals: number, missing: readonly number[] = []) {
  const estimator = new ProbeEstimator();
  estimator.expect(PROBE);
  const packets = Array.from({ length: 6 }, (_, index) =>
    received(index * 4, { probe: 7, arrivedAt: 1000 + index * arrivals }),
  );
  return estimator.push(packets.filter((_, index) => !missing.includes(index)));
}

describe('ProbeEstimator', () => {
  it('takes the rate at which a probe left if it came as fast', () => {
    expect(probe(4)).toEqual({ probe: PROBE, rate: 2_400_000, saturated: false });
    expect(probe(4.3)).toMatchObject({ rate: 2_400_000, saturated: false });
  });

  it('takes 0.95 of the rate at which it came if that is slower: the link is full', () => {
    const result = probe(8);
    expect(result).toMatchObject({ saturated: true });
    expect(result?.rate).toBeCloseTo(0.95 * 1_200_000, 0);
  });

  it('bears the loss of some packets, not of most', () => {
    expect(probe(4, [2, 4])).toMatchObject({ saturated: false });
    expect(probe(4, [1, 2, 3, 4])).toBeUndefined();
  });

  it('says nothing of what was held up and let go, or came at once', () => {
    expect(probe(1.5)).toBeUndefined();
    expect(probe(0)).toBeUndefined();
  });

  it('is not misled by packets of different sizes', () => {
    const estimator = new ProbeEstimator();
    estimator.expect(PROBE);
    const sizes = [2400, 1200, 1200, 1200, 300];
    const packets = sizes.map((size, index) => received(index * 4, { probe: 7, size }));
    expect(estimator.push(packets)).toMatchObject({ saturated: false });
  });

  it('knows only the probes that it was told of, the newest eight', () => {
    const estimator = new ProbeEstimator();
    for (let id = 1; id <= 9; id++) estimator.expect({ ...PROBE, id });
    const packets = (id: number) => Array.from({ length: 6 }, (_, index) => received(index * 4, { probe: id }));
    expect(estimator.push(packets(1))).toBeUndefined();
    expect(estimator.push(packets(99))).toBeUndefined();
    expect(estimator.push(packets(9))?.probe.id).toBe(9);
  });
});
