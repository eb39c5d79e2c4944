import { expect, test } from 'vitest';
import { benchExposure } from '../bench/exposure/exposure-bench.ts';

test('no scenario shows a face that nobody agreed to show', async () => {
  const { scenarios } = await benchExposure();
  expect(Object.keys(scenarios).length).toBeGreaterThanOrEqual(10);
  for (const [name, { frames, exposed }] of Object.entries(scenarios)) {
    expect(frames, name).toBeGreaterThan(50);
    expect(exposed, name).toBe(0);
  }
});
