import { expect, test } from 'vitest';
import { openParts } from './parts.ts';
import { warmUp } from './warm-up.ts';

test('warming up runs whole frames: a face is found in its own picture and swapped', async () => {
  expect(await warmUp(await openParts())).toBeGreaterThanOrEqual(50);
});
