import { expect, test } from 'vitest';
import { benchSoak } from '../bench/soak.ts';

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
