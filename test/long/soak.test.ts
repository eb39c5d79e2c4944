import { expect, test } from 'vitest';
import { benchCycles } from '../bench/soak/cycles.ts';
import { benchSoak } from '../bench/soak/soak.ts';

test('ten minutes of one call end with the memory of the third minute', async () => {
  const order = {
    streams: 1,
    width: 1280,
    height: 720,
    codec: 'vp8',
    budget: 66,
    seed: 1,
    identity: 'astronaut',
  } as const;
  const { growth } = await benchSoak({ ...order, minutes: 10 });
  expect(growth).toBeLessThanOrEqual(0.05);
});

test('two sessions end half an hour of joins, leaves, changes and restarts with the memory of the tenth minute', async () => {
  const order = { width: 320, height: 240, codec: 'vp8', budget: 200, seed: 1, identity: 'mask:porcelain' } as const;
  const { growth } = await benchSoak({ ...order, frameRate: 15, minutes: 30, restless: true });
  expect(growth).toBeLessThanOrEqual(0.05);
}, 3_600_000);

test.each(['werift', 'libdatachannel'] as const)('200 cycles by %s leave next to nothing behind', async (transport) => {
  const { perClosedSession, left } = await benchCycles({ cycles: 200, transport, seed: 1 });
  expect(perClosedSession.heapKb).toBeLessThanOrEqual(10);
  expect(left.objects).toBe(0);
  expect(left.handles).toBeLessThanOrEqual(0);
  expect(left.descriptors).toBeLessThanOrEqual(0);
});
