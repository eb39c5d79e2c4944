import { expect, test } from 'vitest';
import { benchCycles } from '../bench/soak/cycles.ts';
import { benchSoak } from '../bench/soak/soak.ts';

/** Fewer by GUISE_SOAK_MINUTES and GUISE_CYCLES show that it runs; while code and pools warm up, more memory is no leak. */
const MINUTES = Number(process.env['GUISE_SOAK_MINUTES'] ?? 30);
const CYCLES = Number(process.env['GUISE_CYCLES'] ?? 200);
/** Growth of memory over the last two thirds. */
const GROWTH = MINUTES >= 10 ? 0.05 : 0.5;
/** Of live heap, kB a closed session. */
const HEAP_KB = CYCLES >= 100 ? 10 : 40;

const HOUR = 3_600_000;

test(
  'ten minutes of one call end with the memory of the third minute',
  async () => {
    const order = {
      streams: 1,
      width: 1280,
      height: 720,
      codec: 'vp8',
      budget: 66,
      seed: 1,
      identity: 'astronaut',
    } as const;
    const { growth } = await benchSoak({ ...order, minutes: Math.min(10, MINUTES) });
    expect(growth).toBeLessThanOrEqual(GROWTH);
  },
  HOUR,
);

test(
  'two sessions end half an hour of joins, leaves, changes and restarts with the memory of the tenth minute',
  async () => {
    const order = { width: 320, height: 240, codec: 'vp8', budget: 200, seed: 1, identity: 'mask:porcelain' } as const;
    const { growth, events } = await benchSoak({ ...order, frameRate: 15, minutes: MINUTES, restless: true });
    expect(Object.keys(events ?? {}).length).toBeGreaterThan(3);
    expect(growth).toBeLessThanOrEqual(GROWTH);
  },
  HOUR,
);

test.each(['werift', 'libdatachannel'] as const)(
  '200 cycles by %s leave next to nothing behind',
  async (transport) => {
    const { perClosedSession, left } = await benchCycles({ cycles: CYCLES, transport, seed: 1 });
    expect(perClosedSession.heapKb).toBeLessThanOrEqual(HEAP_KB);
    expect(left.objects).toBe(0);
    expect(left.handles).toBeLessThanOrEqual(0);
    expect(left.descriptors).toBeLessThanOrEqual(0);
  },
  HOUR,
);
