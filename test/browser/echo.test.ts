/** The I/O half of a session in this process, every chunk echoed: the network without any work on pictures. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAPABILITIES } from '../../src/session/transport/create-transport.ts';
import { TRANSPORTS } from '../../src/session/transport/transport-settings.ts';
import { Relay } from '../relay/relay.ts';
import { BROWSER_SKIPPED } from './chromium.ts';
import { EchoCalls, LOOPBACK, reach } from './echo-calls.ts';

describe.skipIf(BROWSER_SKIPPED).each(TRANSPORTS)('a call of a real Chromium by %s, echoed chunk by chunk,', (name) => {
  const { restart, farewell, rebind } = CAPABILITIES[name];
  let calls: EchoCalls;
  beforeAll(async () => {
    calls = await EchoCalls.open(name);
  });
  afterAll(() => calls?.close());

  it.each(['h264', 'vp9'] as const)('carries %s both ways', async (codec) => {
    await calls.withCall({ prefer: codec, settings: { codec } }, async (page, server) => {
      await reach(page, ({ framesDecoded }) => framesDecoded >= 60);
      expect(server.figures.at(-1)?.codec).toBe(codec);
    });
  });

  it.runIf(farewell)('tells the page at once that the session is over', async () => {
    await calls.withCall({}, async (page, server) => {
      await reach(page, ({ framesDecoded }) => framesDecoded > 0);
      const closed = page.evaluate(async () => {
        const { pc } = globalThis as unknown as { pc: RTCPeerConnection };
        const transport = pc.getSenders()[0]?.transport;
        while (transport?.state !== 'closed') {
          await new Promise((resolve) => transport?.addEventListener('statechange', resolve, { once: true }));
        }
      });
      server.session.close();
      await closed;
      expect(server.states).toEqual(['connecting', 'connected', 'closed: closed']);
    });
  });

  it.runIf(restart)('goes on after an ICE restart', async () => {
    await calls.withCall({}, async (page, server) => {
      const { framesDecoded: before } = await reach(page, ({ framesDecoded }) => framesDecoded > 0);
      const ufrags = await page.evaluate(async () => {
        const { pc, answer } = globalThis as unknown as {
          pc: RTCPeerConnection;
          answer: (offer: string) => Promise<string>;
        };
        const ufrag = (): string | undefined => /a=ice-ufrag:(\S+)/.exec(pc.remoteDescription?.sdp ?? '')?.[1];
        const first = ufrag();
        await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
        await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
        return [first, ufrag()];
      });
      expect(ufrags[0]).not.toBe(ufrags[1]);
      await reach(page, ({ framesDecoded }) => framesDecoded >= before + 60);
      expect(server.states).toEqual(['connecting', 'connected']);
    });
  });

  it.runIf(!restart)('says that it cannot restart ICE, and goes on', async () => {
    await calls.withCall({}, async (page, server) => {
      const { framesDecoded: before } = await reach(page, ({ framesDecoded }) => framesDecoded > 0);
      const refusal = await page.evaluate(async () => {
        const { pc, answer } = globalThis as unknown as {
          pc: RTCPeerConnection;
          answer: (offer: string) => Promise<string>;
        };
        await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
        const told = await answer(pc.localDescription?.sdp ?? '').catch(String);
        await pc.setLocalDescription({ type: 'rollback' });
        return told;
      });
      expect(refusal).toContain('a new session must be opened');
      await reach(page, ({ framesDecoded }) => framesDecoded >= before + 60);
      expect(server.states).toEqual(['connecting', 'connected']);
    });
  });

  it.runIf(rebind)('goes on, the same session, after the browser’s port has changed', async () => {
    const relay = new Relay();
    await calls
      .withCall({ relay }, async (page, server) => {
        const { framesDecoded: before } = await reach(page, ({ framesDecoded }) => framesDecoded > 30);
        relay.rebind();
        await reach(page, ({ framesDecoded }) => framesDecoded >= before + 90);
        expect(server.states).toEqual(['connecting', 'connected']);
      })
      .finally(() => relay.close());
  });

  it.runIf(!rebind)('ends after the browser’s port has changed, so that a new session can begin', async () => {
    const relay = new Relay();
    await calls
      .withCall({ relay, transport: { ...LOOPBACK, silence: 4000 } }, async (page, server) => {
        await reach(page, ({ framesDecoded }) => framesDecoded > 90);
        relay.rebind();
        await reach(page, () => server.states.length > 2);
        expect(server.states).toEqual(['connecting', 'connected', 'closed: silent']);
      })
      .finally(() => relay.close());
  });

  it('ends when the browser leaves', async () => {
    await calls.withCall({}, async (page, server) => {
      await reach(page, ({ framesDecoded }) => framesDecoded > 0);
      await page.evaluate(() => (globalThis as unknown as { pc: RTCPeerConnection }).pc.close());
      while (server.states.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(server.states).toEqual(['connecting', 'connected', 'closed: peer-closed']);
    });
  });

  it('reaches a gateway on its own machine by a network address and by the loopback alike', async () => {
    await calls.withCall({ transport: { includeLoopback: true } }, async (page) => {
      await reach(page, ({ framesDecoded }) => framesDecoded > 0);
    });
  });
});
