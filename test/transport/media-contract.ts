import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { rtpPacket } from '../peer/transport-server.ts';
import type { Calls } from './calls.ts';

/** Payload sizes: none, one byte, odd, and what fills an Ethernet frame. */
const SIZES = [0, 1, 37, 1200, 1400];

/** An RTP packet with a contributing source and two header extensions of the one-byte form, padded to a whole word. */
function fullPacket(ssrc: number, payloadType: number, payload: Buffer): Buffer {
  const head = Buffer.from('9100000712345678000000000000abcdbede000210aa31bbcc000000', 'hex');
  head[1] = payloadType;
  head.writeUInt32BE(ssrc, 8);
  return Buffer.concat([head, payload]);
}

/** Packets pass in both directions as they are. */
export function mediaContract(calls: Calls): void {
  describe('media', () => {
    it('goes to the transport bit by bit, whatever its size', async () => {
      const { server, peer } = await calls.up();
      const payloads = SIZES.map((size) => randomBytes(size));
      payloads.forEach((payload, i) => peer.sendRtp('video', payload, 9000 + i, i % 2 === 0));
      await server.until(() => server.rtp.length === payloads.length);
      server.rtp.forEach(({ data }, i) => {
        const head = Buffer.from(data.subarray(0, 12));
        expect(Buffer.from(data.subarray(12))).toEqual(payloads[i]);
        expect([head.readUInt32BE(4), head.readUInt8(1) >> 7]).toEqual([9000 + i, i % 2 === 0 ? 1 : 0]);
      });
    });

    it('comes from the transport bit by bit, with header extensions and contributing sources', async () => {
      const { server, peer, media } = await calls.up();
      const { ssrc = 0, codec } = media.find(({ kind }) => kind === 'video')?.send ?? {};
      const sent = SIZES.map((size, i) => {
        const packet = fullPacket(ssrc, codec?.payloadType ?? 0, randomBytes(size));
        packet.writeUInt16BE(100 + i, 2);
        return packet;
      });
      for (const packet of sent) server.transport.sendRtp(packet);
      await peer.until(() => peer.packets.length === sent.length);
      expect(peer.packets.map(({ bytes }) => bytes)).toEqual(sent);
    });

    it('is not sorted: sound, picture and sources that nobody announced arrive in the order in which they were sent', async () => {
      const { server, peer } = await calls.up();
      peer.sendRtp('audio', Buffer.from('sound'), 1);
      peer.sendRtp('video', Buffer.from('picture'), 2);
      peer.sendRtp('video', Buffer.from('resent'), 3, false, { ssrc: 0xdeadbeef, payloadType: 123 });
      await server.until(() => server.rtp.length === 3);
      const texts = server.rtp.map(({ data }) => Buffer.from(data.subarray(12)).toString());
      expect(texts).toEqual(['sound', 'picture', 'resent']);
    });

    it('goes out under any source and payload type', async () => {
      const { server, peer } = await calls.up();
      const packet = rtpPacket({ ssrc: 0x01020304, payloadType: 35, sequence: 65_535, payload: Buffer.from('probe') });
      server.transport.sendRtp(packet);
      await peer.until(() => peer.packets.length === 1);
      expect(peer.packets[0]?.bytes).toEqual(packet);
    });

    it('says when a packet arrived, on the clock that it was given', async () => {
      const { server, peer } = await calls.up();
      peer.sendRtp('video', Buffer.from('one'), 1);
      await server.until(() => server.rtp.length === 1);
      peer.sendRtp('video', Buffer.from('two'), 2);
      await server.until(() => server.rtp.length === 2);
      const [one = 0, two = 0] = server.rtp.map(({ arrived }) => arrived);
      expect(two).toBeGreaterThan(one);
      expect(Number(process.hrtime.bigint()) / 1e6).toBeGreaterThan(two);
    });

    it('is dropped, without an error, before the call is up and after its end', async () => {
      const server = await calls.server();
      const packet = rtpPacket({ ssrc: 1, payloadType: 96, sequence: 1, payload: Buffer.alloc(10) });
      server.transport.sendRtp(packet);
      server.transport.close();
      server.transport.sendRtp(packet);
      server.transport.sendRtcp(Buffer.from('80c9000100000001', 'hex'));
      expect(server.states).toEqual([['closed', 'closed']]);
    });
  });

  describe('feedback', () => {
    it('passes both ways as it is, and the transport makes none of its own', async () => {
      const { server, peer } = await calls.up();
      // A receiver report; a picture loss indication and one that no specification knows, in one packet.
      server.transport.sendRtcp(Buffer.from('80c9000100000001', 'hex'));
      await peer.until(() => peer.rtcp.some(({ type }) => type === 201));
      await peer.pc.getTransceivers()[0]?.receiver.sendRtcpPLI(77);
      await server.until(() => server.rtcp.some(({ data }) => data[1] === 206));
      const pli = server.rtcp.find(({ data }) => data[1] === 206);
      expect(Buffer.from(pli?.data ?? []).readUInt32BE(8)).toBe(77);
      expect(peer.rtcp.map(({ type }) => type)).toEqual([201]);
    });
  });
}
