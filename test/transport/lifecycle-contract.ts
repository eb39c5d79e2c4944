import { describe, expect, it } from 'vitest';
import type { TransportCapabilities } from '../../src/session/transport/transport.ts';
import { expectAlive, LOOPBACK, readAnswer, type Calls } from './calls.ts';

/** States are told in order, the end exactly once. */
export function lifecycleContract(calls: Calls, capabilities: TransportCapabilities): void {
  describe('the life of a call', () => {
    it('is connecting, connected, and closed once, however often it is closed', async () => {
      const { server } = await calls.up();
      server.transport.close();
      server.transport.close();
      server.transport.addCandidate('candidate:1 1 udp 2130706431 127.0.0.1 9 typ host', '0');
      expect(server.states).toEqual([
        ['connecting', undefined],
        ['connected', undefined],
        ['closed', 'closed'],
      ]);
    });

    it.runIf(capabilities.farewell)('tells the peer when it closes', async () => {
      const { server, peer } = await calls.up();
      server.transport.close();
      await peer.until(() => peer.dtlsState === 'closed');
    });

    it('ends at once when the peer leaves', async () => {
      const { server, peer } = await calls.up();
      await peer.leave();
      await server.until(() => server.transport.state === 'closed');
      expect(server.states.at(-1)).toEqual(['closed', 'peer-closed']);
    });

    it('ends when the peer is not heard any more', async () => {
      // Longer than it takes to connect on a busy machine.
      const { server, peer } = await calls.up({ ...LOOPBACK, silence: 5000 });
      await peer.close();
      await server.until(() => server.transport.state === 'closed');
      expect(server.states.at(-1)).toEqual(['closed', 'silent']);
    });

    it('ends when the peer never comes', async () => {
      const server = await calls.server({ ...LOOPBACK, silence: 500 });
      await server.transport.answer(await calls.peer().offer());
      await server.until(() => server.transport.state === 'closed');
      expect(server.states).toEqual([
        ['connecting', undefined],
        ['closed', 'silent'],
      ]);
    });

    it('ends when the peer’s certificate is not the one that it promised', async () => {
      const [server, peer] = [await calls.server(), calls.peer()];
      const offer = (await peer.offer()).replaceAll(/(a=fingerprint:sha-256 )[0-9A-F]{2}/g, '$1FF');
      const { sdp } = await server.transport.answer(offer.replaceAll('sha-256 FF:FF', 'sha-256 0F:FF'));
      peer.connect(sdp).catch(() => undefined);
      await server.until(() => server.transport.state === 'closed');
      expect(server.states).toEqual([
        ['connecting', undefined],
        ['closed', 'dtls-failed'],
      ]);
      expect(server.rtp).toEqual([]);
    });

    it('leaves other calls alone', async () => {
      const [one, two] = [await calls.up(), await calls.up()];
      one.server.transport.close();
      await expectAlive(two);
      const three = await calls.up();
      await expectAlive(two);
      await expectAlive(three);
    });

    it('shares one UDP port with others exactly if that is declared', async () => {
      const settings = capabilities.mux ? await calls.onePort() : LOOPBACK;
      const [one, two] = [await calls.up(settings), await calls.up(settings)];
      const same = readAnswer(one.answer).port === readAnswer(two.answer).port;
      expect(same).toBe(capabilities.mux);
      one.peer.sendRtp('video', Buffer.from('one'), 1);
      two.peer.sendRtp('video', Buffer.from('two'), 1);
      await Promise.all([one, two].map(({ server }) => server.until(() => server.rtp.length === 1)));
      const texts = [one, two].map(({ server }) => Buffer.from(server.rtp[0]?.data.subarray(12) ?? []).toString());
      expect(texts).toEqual(['one', 'two']);
    });

    it.runIf(capabilities.ipv6)('runs over IPv6', async () => {
      const call = await calls.up({ hostAddresses: [{ bind: '::1', announce: '::1' }] }, { ipv6: true });
      expect(call.answer).toMatch(/^a=candidate:\S+ 1 udp \d+ ::1 /m);
      await expectAlive(call);
    });
  });
}
