import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { signToken } from '../../src/api/access/token.ts';
import { portraitFile } from '../media/portrait.ts';
import { BROWSER_SKIPPED } from './chromium.ts';
import { slowCamera } from './studio/stamp.ts';
import { untilSwapped } from './studio/returned-frames.ts';
import { openStudio, PATIENT, pick, startCamera, type Studio } from './studio/studio.ts';

/** A gateway of a test's own. */
let own: Studio | undefined;
afterEach(async () => {
  await own?.close();
  own = undefined;
});

async function openOwn(settings?: Readonly<Record<string, string>>): Promise<Studio> {
  const camera = await slowCamera({ script: 'talk', width: 640, height: 480 });
  return (own = await openStudio({ camera, ...(settings && { settings }) }));
}

describe.skipIf(BROWSER_SKIPPED)('the studio page (left out by GUISE_SKIP=browser)', () => {
  let shared: Studio;
  beforeAll(async () => {
    shared = await openStudio({ camera: await slowCamera({ script: 'talk', width: 640, height: 480 }) });
  });
  afterAll(() => shared?.close());

  /** The page anew, on the gateway of all tests. */
  async function open(): Promise<Studio> {
    await shared.page.reload();
    await shared.page.locator('#picker input').first().waitFor({ state: 'attached' });
    return shared;
  }

  it('says in plain words that a text is no photo', async () => {
    const { page } = await open();
    await page.setInputFiles('#photo', { name: 'me.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not a photo') });
    await page.fill('#subject', 'nobody');
    await page.fill('#granted-by', 'the test');
    await page.check('#agreed');
    await page.click('#consent button.primary');
    await page.getByText(/JPEG/).first().waitFor();
    expect(await page.locator('#picker input:checked').inputValue()).toMatch(/^mask:/);
  });

  it('says that a link with a token is needed, and calls with one, which it takes out of its address', async () => {
    const secret = 'a secret of the tests, long enough';
    const { page, gateway } = await openOwn({ GUISE_ACCESS_SECRET: secret });
    await page.click('#start');
    await page.getByText('lets in only who has a link').waitFor();
    const token = await signToken({ grants: ['publish'], identity: 'mask:gold' }, { secret, lifetime: 60 });
    await page.goto(`${gateway.url}/${PATIENT}#token=${token}`);
    await page.reload();
    await startCamera(page);
    expect(page.url()).toBe(`${gateway.url}/${PATIENT}`);
    await untilSwapped(page);
  });

  it('takes no photo without the consent statement', async () => {
    const { page } = await open();
    const uploads: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && uploads.push(request.url()));
    await page.setInputFiles('#photo', portraitFile('astronaut'));
    await page.click('#consent button.primary');
    expect(await page.locator('#consent').isVisible()).toBe(true);
    await page.click('#consent button[value="cancel"]');
    expect(await page.locator('#consent').isVisible()).toBe(false);
    expect(uploads).toEqual([]);
  });

  it('works by keyboard alone', async () => {
    const { page } = await open();
    const masks = await page
      .locator('#picker input')
      .evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value));
    await page.focus('#start');
    await page.keyboard.press('Enter');
    await page.locator('#state[data-state="live"]').waitFor();
    await page.locator('#picker input:checked').focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#picker input:checked').inputValue()).toBe(masks[1]);
  });

  it('fits a phone without scrolling sideways', async () => {
    const { page } = await open();
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await pick(page, 'mask:gold');
    expect(await page.locator('#swapped').isVisible()).toBe(true);
  });
});
