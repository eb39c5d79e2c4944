import { expect, test } from 'vitest';
import { benchChaos } from '../bench/chaos/chaos-bench.ts';

test('media workers that are killed, stopped and starved under load take nobody else with them, and show nobody', async () => {
  const figures = await benchChaos(1);
  console.log(JSON.stringify(figures));
  const { killed, stopped, starved, replaced, worn, exposure } = figures;

  // Four of eight callers were in the worker that was killed: they are told, and only they.
  expect(killed.told).toEqual({ worker_lost: 4 });
  expect(killed.elsewhere.sessions).toBe(4);
  expect(Object.keys(stopped.told)).toEqual(['worker_lost']);
  // Told first, back after it; one that is stopped is only given up after three seconds.
  for (const { toldMs, pagesBackMs, whip, whep } of [killed, stopped]) {
    expect(pagesBackMs).toBeGreaterThan(toldMs);
    if (whip !== null) expect(whip.backMs).toBeGreaterThan(whip.goneMs);
    // Who watches is gone with who publishes, and can be back only after.
    expect(whep === null).toBe(whip === null);
    if (whip !== null && whep !== null) expect(whep.backMs).toBeGreaterThan(whip.backMs);
  }
  expect(stopped.toldMs).toBeGreaterThan(killed.toldMs);
  expect([starved.told, starved.whip, starved.whep]).toEqual([{}, null, null]);
  expect(starved.elsewhere.sessions).toBe(8);
  expect(replaced).toBe(2);
  // The publisher was hit at the latest by the second fault, and is still who a call of control made it.
  expect(killed.whip ?? stopped.whip).not.toBeNull();
  expect(worn).toBe('mask:porcelain');

  expect(exposure.frames).toBeGreaterThan(200);
  expect(exposure.exposed).toBe(0);
});
