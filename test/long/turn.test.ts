import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { entryFile, PROJECT_ROOT } from '../../src/entry.ts';
import { findChromium } from '../../scripts/chromium.mjs';
import { BROWSER_SKIPPED, launchChromium } from '../browser/chromium.ts';
import { keepPeers } from '../browser/studio/peers.ts';
import { untilSwapped } from '../browser/studio/returned-frames.ts';
import { stampedCamera } from '../browser/studio/stamp.ts';
import { localCandidate } from '../browser/studio/local-candidate.ts';
import { startCamera } from '../browser/studio/studio.ts';
import { obstacleToCoturn, startCoturn, TURN_SECRET, turnUrl } from './network/coturn.ts';
import { ADDRESS, Hosts, obstacleToHosts } from './network/hosts.ts';

const PORT = '8080';
const ORIGIN = `http://${ADDRESS.relayToClient}:${PORT}`;

const obstacle = BROWSER_SKIPPED ? 'left out by GUISE_SKIP=browser' : (obstacleToHosts() ?? obstacleToCoturn());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function openHosts(): Promise<Hosts> {
  const hosts = Hosts.open();
  closers.push(() => hosts.close());
  return hosts;
}

/** The real gateway on its host; its page and signalling are let through to the client's network, its media is not. */
async function startGateway(hosts: Hosts, settings: Readonly<Record<string, string>>): Promise<void> {
  await hosts.start('gateway', [process.execPath, entryFile('main')], {
    ready: /is ready/,
    env: { GUISE_HOST: ADDRESS.gateway, GUISE_PORT: PORT, GUISE_LOG: 'warn', ...settings },
  });
  const forward = join(PROJECT_ROOT, 'test', 'long', 'network', 'forward.mjs');
  const program = [process.execPath, forward, ADDRESS.relayToClient, ADDRESS.gateway, PORT] as const;
  await hosts.start('relay', [...program], { ready: /forwarding/ });
}

/** A Chromium on the client's host with the studio open. */
async function openPage(hosts: Hosts): Promise<Page> {
  const folder = mkdtempSync(join(tmpdir(), 'guise-turn-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const wrapper = join(folder, 'chromium');
  const command = hosts.command('client', findChromium() ?? 'chromium').join(' ');
  writeFileSync(wrapper, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  const browser: Browser = await launchChromium({
    executable: wrapper,
    loopback: false,
    camera: await stampedCamera({ script: 'talk', width: 640, height: 480 }),
    flags: [`--unsafely-treat-insecure-origin-as-secure=${ORIGIN}`],
  });
  closers.push(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1280, height: 1100 } });
  await keepPeers(context);
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/`);
  await page.locator('#picker input').first().waitFor({ state: 'attached' });
  return page;
}

describe.skipIf(obstacle !== undefined)(
  `a caller that no UDP leads to the gateway${obstacle ? ` (${obstacle})` : ''}`,
  () => {
    test.each([
      { transport: 'udp', ice: 'lite' },
      { transport: 'tcp', ice: 'lite' },
      { transport: 'udp', ice: 'full' },
    ] as const)('comes through a TURN server by $transport to a gateway that is $ice', async ({ transport, ice }) => {
      const hosts = await openHosts();
      await startCoturn(hosts, transport);
      const servers = { GUISE_ICE_SERVERS: turnUrl(transport), GUISE_TURN_SECRET: TURN_SECRET };
      await startGateway(hosts, { ...servers, GUISE_ICE: ice });
      const page = await openPage(hosts);
      await startCamera(page);
      await untilSwapped(page);
      expect(await localCandidate(page)).toEqual({ type: 'relay', relayProtocol: transport });
    });

    test('does not come without one: the two networks are apart', async () => {
      const hosts = await openHosts();
      await startGateway(hosts, {});
      const page = await openPage(hosts);
      await page.selectOption('#size', '640x480');
      await page.click('#start');
      await page.locator('#state[data-state="waiting"]').waitFor({ timeout: 60_000 });
    });

    test('does not come with a credential of another secret', async () => {
      const hosts = await openHosts();
      await startCoturn(hosts, 'udp');
      await startGateway(hosts, { GUISE_ICE_SERVERS: turnUrl('udp'), GUISE_TURN_SECRET: 'not the secret of coturn' });
      const page = await openPage(hosts);
      await page.selectOption('#size', '640x480');
      await page.click('#start');
      await page.locator('#state[data-state="waiting"]').waitFor({ timeout: 60_000 });
    });
  },
);
