import { expect, test } from 'vitest';
import { openParts } from './parts.ts';
import { warmUp } from './warm-up.ts';

test('warming up runs whole frames: a face is found in its own picture and swapped; and tells what they cost', async () => {
  const { swapped, cost } = await warmUp(await openParts());
  expect(swapped).toBeGreaterThanOrEqual(36);
  for (const milliseconds of [cost.vp8, cost.h264]) expect(milliseconds).toBeGreaterThan(1);
});
