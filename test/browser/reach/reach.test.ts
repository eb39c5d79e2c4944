import { afterAll, beforeAll, describe, expect, it, vi, type TestContext } from 'vitest';
import type { Browser } from 'playwright-core';
import { PATIENCE } from '../../support/patience.ts';
import { SharedDoors, type ReachSettings } from '../../../src/session/transport/shared-doors.ts';
import type { TransportSettings } from '../../../src/session/transport/transport-settings.ts';
import { Relay } from '../../relay/relay.ts';
import { BROWSER_SKIPPED, launchChromium } from '../chromium.ts';
import { ReachPage } from './reach-page.ts';

const ANY = { from: 0, to: 0 };
const REACH: ReachSettings = {
  udpPorts: null,
  udpMux: null,
  tcp: null,
  announce: ['127.0.0.1'],
  ice: 'lite',
  stunServers: [],
};
const MODES = ['lite', 'full'] as const;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** Settings as the operator makes them. */
async function settings(test: TestContext, reach: Partial<ReachSettings> = {}): Promise<TransportSettings> {
  const doors = await SharedDoors.open({ ...REACH, ...reach });
  test.onTestFinished(() => doors.close());
  return doors.settings;
}

async function open(test: TestContext, transport: TransportSettings): Promise<ReachPage> {
  const page = await ReachPage.open(browser, transport);
  test.onTestFinished(() => page.close());
  return page;
}

function relay(test: TestContext): Relay {
  const made = new Relay();
  test.onTestFinished(() => made.close());
  return made;
}

const plays = ({ framesDecoded }: { framesDecoded: number }): boolean => framesDecoded >= 20;

// Side by side: they wait for their clocks more than for a core.
describe.skipIf(BROWSER_SKIPPED)('Chromium reaches a gateway', { concurrent: true }, () => {
  it('that is lite: it makes no checks of its own', async (test) => {
    const page = await open(test, await settings(test));
    await page.call();
    const way = await page.reach(plays);
    expect(way).toMatchObject({ protocol: 'udp', address: '127.0.0.1', checksReceived: 0 });
  });

  it('that is full and checks the candidates that trickle in', async (test) => {
    const page = await open(test, await settings(test, { ice: 'full' }));
    await page.call({ trickle: true });
    const { checksReceived } = await page.reach(plays);
    expect(checksReceived).toBeGreaterThan(0);
    // Consent: it goes on checking.
    await page.reach((way) => way.checksReceived >= checksReceived + 2);
  });

  it.for(MODES)('that is %s by TCP alone, where no UDP gets through', async (ice, test) => {
    const page = await open(test, await settings(test, { ice, tcp: ANY }));
    await page.call({ only: ' tcp ' });
    expect(await page.reach(plays)).toMatchObject({ protocol: 'tcp' });
  });

  it('by IPv6', async (test) => {
    const page = await open(test, await settings(test, { announce: ['::1'] }));
    await page.call();
    expect(await page.reach(plays)).toMatchObject({ protocol: 'udp', address: '::1' });
  });

  it('that announces both families', async (test) => {
    const page = await open(test, await settings(test, { announce: ['127.0.0.1', '::1'], ice: 'full' }));
    await page.call();
    expect((await page.reach(plays)).protocol).toBe('udp');
  });

  it.for(MODES)('that is %s at one port for all sessions', async (ice, test) => {
    const shared = await settings(test, { ice, udpMux: ANY });
    const [one, two] = [await open(test, shared), await open(test, shared)];
    await one.call();
    await two.call();
    const ways = [await one.reach(plays), await two.reach(plays)];
    expect(ways[0]?.port).toBe(ways[1]?.port);
    await one.hangUp();
    const { framesDecoded } = await two.reach(plays);
    await two.reach((way) => way.framesDecoded >= framesDecoded + 20);
  });
});

describe.skipIf(BROWSER_SKIPPED).each(MODES)(
  'a call of Chromium to a gateway that is %s',
  { concurrent: true },
  (ice) => {
    it('goes on after an ICE restart, over another network', async (test) => {
      const page = await open(test, await settings(test, { ice, tcp: ANY }));
      const way = relay(test);
      await page.call({ relay: way });
      const before = await page.reach(plays);
      way.set('up', { cut: true });
      way.set('down', { cut: true });
      await page.restart({ only: ' tcp ' });
      const after = await page.reach((way) => way.protocol === 'tcp' && way.framesDecoded >= before.framesDecoded + 40);
      expect(after.gatewayUfrag).not.toBe(before.gatewayUfrag);
      await page.restart({ only: ' udp ' });
      await page.reach((way) => way.protocol === 'udp' && way.framesDecoded >= after.framesDecoded + 40);
      expect(page.server.states).toEqual(['connecting', 'connected']);
    });

    it.for([{ udpMux: null }, { udpMux: ANY }])(
      'follows it to another port of its NAT ($udpMux)',
      async (reach, test) => {
        const page = await open(test, await settings(test, { ice, ...reach }));
        const way = relay(test);
        await page.call({ relay: way });
        const { framesDecoded } = await page.reach(plays);
        way.rebind();
        await page.reach((after) => after.framesDecoded >= framesDecoded + 60);
        expect(page.server.states).toEqual(['connecting', 'connected']);
      },
    );

    it('ends at once when it hangs up', async (test) => {
      const page = await open(test, await settings(test, { ice }));
      await page.call();
      await page.reach(plays);
      await page.hangUp();
      await vi.waitUntil(() => page.server.states.length === 3, PATIENCE);
      expect(page.server.states.at(-1)).toBe('closed: peer-closed');
    });

    it('ends within 10 s when nothing is heard of it any more', async (test) => {
      const page = await open(test, await settings(test, { ice }));
      const way = relay(test);
      await page.call({ relay: way });
      await page.reach(plays);
      way.set('up', { cut: true });
      await vi.waitUntil(() => page.server.states.length === 3, PATIENCE);
      expect(page.server.states.at(-1)).toBe('closed: silent');
    });
  },
);
