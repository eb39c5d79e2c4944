import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quantile } from '../../bench/quantile.ts';
import { beepWav } from '../../media/wav.ts';
import { y4mClip } from '../../media/clip.ts';
import { BROWSER_SKIPPED } from '../chromium.ts';
import { echoInPage } from '../studio/peers.ts';
import { openStudio, startCamera, type Studio } from '../studio/studio.ts';
import { readStep, watchStep, type Step } from '../studio/step.ts';

/** Flashes to watch; more for figures worth writing down. */
const FLASHES = Number(process.env['GUISE_FLASHES'] ?? 6);

/** A flash and a beep each second, there and back. */
async function measure({ gateway, page }: Studio, way: 'echo' | `?budget=${number}`): Promise<Step> {
  await page.goto(`${gateway.url}/${way === 'echo' ? '' : way}`);
  if (way === 'echo') await page.evaluate(echoInPage);
  else {
    await page.locator('#picker input').first().waitFor({ state: 'attached' });
    await page.check('#microphone');
    await startCamera(page);
  }
  await watchStep(page);
  return await readStep(page, FLASHES);
}

/** Prints a measurement for docs/benchmarks.md. Returns the middle skew, milliseconds. */
function describeStep(name: string, { skews, jitterBuffer }: Step): number {
  const absolute = skews.map(Math.abs);
  const [p50, p95] = [quantile(absolute, 0.5), quantile(absolute, 0.95)];
  console.log(
    `${name}: skew p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)} ms of ${skews.length}, jitter buffer ${jitterBuffer.toFixed(1)} ms`,
  );
  return p50;
}

describe.skipIf(BROWSER_SKIPPED)('sound and picture (left out by GUISE_SKIP=browser)', () => {
  let studio: Studio;

  beforeAll(async () => {
    const camera = await y4mClip({ script: 'flash', width: 640, height: 480 });
    studio = await openStudio({ camera, microphone: await beepWav(10) });
  });
  afterAll(async () => {
    await studio?.close();
  });

  it(
    'come back in step, and the browser buffers little more than for a plain echo',
    async () => {
      const echo = await measure(studio, 'echo');
      const usual = await measure(studio, '?budget=66');
      const patient = await measure(studio, '?budget=200');
      const floor = describeStep('echo', echo);
      // Chromium itself takes some seconds to bring the two in step: the plain echo says how far it is. On a machine that is
      // busy, frames come as late as their budget allows, and by as much it has to follow.
      expect(describeStep('usual', usual)).toBeLessThan(floor + 66);
      expect(describeStep('patient', patient)).toBeLessThan(floor + 200);
    },
    120_000 + 10_000 * FLASHES,
  );
});
