import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import type { TransportCapabilities } from '../../src/session/transport/transport.ts';
import { expectAlive, LOOPBACK, readAnswer, type Calls } from './calls.ts';

/** Offers that are refused, by what is done to a good one; with the code. */
const REFUSED: readonly [what: string, spoil: (offer: string) => string, code: string][] = [
  ['text that is no SDP', () => 'nonsense', 'offer_invalid'],
  ['more than 128 kB', (offer) => offer + 'a=x\r\n'.repeat(30_000), 'offer_invalid'],
  ['no ICE credentials', (offer) => offer.replaceAll(/a=ice-pwd:.*\r\n/g, ''), 'offer_invalid'],
  ['no fingerprint', (offer) => offer.replaceAll(/a=fingerprint:.*\r\n/g, ''), 'offer_invalid'],
  ['an old hash', (offer) => offer.replaceAll('fingerprint:sha-256', 'fingerprint:sha-1'), 'offer_invalid'],
  ['no DTLS role', (offer) => offer.replaceAll(/a=setup:.*\r\n/g, ''), 'offer_invalid'],
  ['no multiplexed RTCP', (offer) => offer.replaceAll('a=rtcp-mux\r\n', ''), 'offer_invalid'],
  ['no video', (offer) => offer.replaceAll('m=video', 'm=text'), 'no_video'],
  ['no codec that can be decoded', (offer) => offer.replaceAll('VP8/90000', 'H261/90000'), 'no_codec'],
];

/** The same offers get the same answers and the same refusals. */
export function negotiationContract(calls: Calls, capabilities: TransportCapabilities): void {
  describe('negotiation', () => {
    it.each(REFUSED)('refuses an offer with %s', async (_what, spoil, code) => {
      const server = await calls.server();
      const offer = await calls.peer().offer();
      await expect(server.transport.answer(spoil(offer))).rejects.toMatchObject({ code });
      expect(server.states).toEqual([]);
      // The mistake is forgiven.
      expect((await server.transport.answer(offer)).sdp).toMatch(/^m=video 9 /m);
    });

    it('answers a later offer of the same peer, and goes on with the same keys', async () => {
      const call = await calls.up();
      const { sdp } = await call.server.transport.answer(await call.peer.offer());
      await call.peer.pc.setRemoteDescription({ type: 'answer', sdp });
      await expectAlive(call);
      expect(call.server.states.map(([state]) => state)).toEqual(['connecting', 'connected']);
    });

    it('refuses an offer while it answers another, and one with another certificate', async () => {
      const server = await calls.server();
      const offer = await calls.peer().offer();
      const first = server.transport.answer(offer);
      await expect(server.transport.answer(offer)).rejects.toMatchObject({ code: 'state_invalid' });
      await first;
      const other = await calls.peer().offer();
      const fingerprint = /a=fingerprint:\S+ ([0-9A-F]{2})/.exec(other)?.[1] === '0F' ? 'F0' : '0F';
      const foreign = offer.replaceAll(/(a=fingerprint:\S+ )[0-9A-F]{2}/g, `$1${fingerprint}`);
      await expect(server.transport.answer(foreign)).rejects.toMatchObject({ code: 'offer_invalid' });
    });

    it('keeps what it had when a later offer is wrong', async () => {
      const call = await calls.up();
      await expect(call.server.transport.answer('nonsense')).rejects.toMatchObject({ code: 'offer_invalid' });
      await expectAlive(call);
    });

    it('restarts ICE with new credentials if that is declared, else refuses and goes on', async () => {
      const call = await calls.up();
      const offer = call.offer.replaceAll(/a=ice-ufrag:.*/g, 'a=ice-ufrag:abcdefgh');
      if (capabilities.restart) {
        const { sdp } = await call.server.transport.answer(offer);
        expect(readAnswer(sdp).ufrag).not.toBe(readAnswer(call.answer).ufrag);
      } else {
        await expect(call.server.transport.answer(offer)).rejects.toMatchObject({ code: 'unsupported' });
      }
      await expectAlive(call);
    });

    it('rejects when it is closed meanwhile, and afterwards', async () => {
      const server = await calls.server();
      const offer = await calls.peer().offer();
      const pending = server.transport.answer(offer);
      server.transport.close();
      await expect(pending).rejects.toMatchObject({ code: 'closed' });
      await expect(server.transport.answer(offer)).rejects.toMatchObject({ code: 'closed' });
      expect(server.states).toEqual([['closed', 'closed']]);
    });

    it('says that there is no capacity when all ports are taken, and answers when one is free again', async () => {
      const socket = createSocket('udp4');
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
      const { port } = socket.address();
      const server = await calls.server({ ...LOOPBACK, portRange: [port, port] });
      const offer = await calls.peer().offer();
      await expect(server.transport.answer(offer)).rejects.toMatchObject({ code: 'capacity_full' });
      await new Promise<void>((resolve) => socket.close(() => resolve()));
      const { sdp } = await server.transport.answer(offer);
      expect(readAnswer(sdp).port).toBe(port);
    });

    it('announces the address that it is told to, and binds the other', async () => {
      const server = await calls.server({ hostAddresses: [{ bind: '127.0.0.1', announce: '192.0.2.7' }] });
      const { sdp } = await server.transport.answer(await calls.peer().offer());
      expect(sdp.match(/^a=candidate:.*$/gm)?.every((line) => line.includes(' 192.0.2.7 '))).toBe(true);
    });

    it('says that it is ICE-lite only if it can be', async () => {
      const { answer } = await calls.up();
      expect(answer.includes('a=ice-lite')).toBe(capabilities.lite);
    });

    it('takes candidates at any time, and none of them can do harm', async () => {
      const call = await calls.up();
      const { transport } = call.server;
      const good = 'candidate:1 1 udp 2130706431 127.0.0.1 9 typ host';
      for (const text of ['', 'nonsense', good.replace('127.0.0.1', 'example.local'), 'x'.repeat(100_000), '\r\n\0']) {
        transport.addCandidate(text, '0');
      }
      // Numbers, but in spellings that not every reader of numbers knows.
      for (const text of ['1e3', '0x7f', '+5', '5.0', '5\u00a0', '']) {
        transport.addCandidate(good.replace('2130706431', text), '0');
        transport.addCandidate(good.replace(' 9 ', ` ${text} `), '0');
        transport.addCandidate(good.replace('candidate:1 ', `candidate:${text} `), '0');
      }
      for (let i = 0; i < 100; i++) transport.addCandidate(good.replace(' 9 ', ` ${2000 + i} `), '0');
      await expectAlive(call);
    });
  });
}
