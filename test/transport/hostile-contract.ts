import { describe, expect, it } from 'vitest';
import type { TransportCapabilities } from '../../src/session/transport/transport.ts';
import { DATAGRAM_KINDS, Sniffer } from '../fuzz/live/datagrams.ts';
import { flood } from '../fuzz/live/flood.ts';
import { withoutCandidates } from '../relay/answer.ts';
import { Relay } from '../relay/relay.ts';
import { LOOPBACK, readAnswer, type Calls } from './calls.ts';

/** Of each kind here; 100,000 in test/long/hostile-calls.test.ts, against a whole gateway. */
const COUNT = 2000;

/** What is sniffed of a call, changed and sent again, from the peer's address and from others, does not touch it. */
export function hostileContract(calls: Calls, capabilities: TransportCapabilities): void {
  describe('hostile datagrams', () => {
    const ways = ['a port of its own', ...(capabilities.mux ? ['the port of all sessions'] : [])];
    it.each(ways)(`2,000 of each kind leave a call alone: %s`, async (way) => {
      const sniffer = new Sniffer();
      const relay = new Relay({ tap: (_direction, bytes) => sniffer.take(bytes) });
      calls.closing(() => relay.close());
      const settings = way === 'a port of its own' ? LOOPBACK : await calls.onePort();
      const [server, peer] = [await calls.server(settings), calls.peer()];
      const { sdp } = await server.transport.answer(withoutCandidates(await peer.offer()));
      await Promise.all([
        peer.connect(await relay.through(sdp)),
        server.until(() => server.transport.state === 'connected'),
      ]);
      let sent = 0;
      const arrive = async (): Promise<void> => {
        peer.sendRtp('video', Buffer.from(`packet ${++sent}`), sent);
        await server.until(() => server.rtp.length >= sent);
      };
      for (let i = 0; i < 20; i++) await arrive();
      server.transport.sendRtcp(Buffer.from('80c9000100000001', 'hex'));
      await peer.until(() => peer.rtcp.length > 0);
      for (const [index, kind] of DATAGRAM_KINDS.entries()) {
        const { port } = readAnswer(sdp);
        const { unspoofable } = capabilities;
        await flood({ kind, count: COUNT, seed: 1e6 * index, port, relay, sniffer, unspoofable });
        await arrive();
        // What goes out still goes to the peer.
        const before = peer.rtcp.length;
        server.transport.sendRtcp(Buffer.from('80c9000100000001', 'hex'));
        await peer.until(() => peer.rtcp.length > before);
      }
      const texts = server.rtp.map(({ data }) => Buffer.from(data.subarray(12)).toString());
      expect(texts).toEqual(Array.from({ length: sent }, (_, index) => `packet ${index + 1}`));
      expect([server.rtcp, server.transport.state]).toEqual([[], 'connected']);
    });
  });
}
