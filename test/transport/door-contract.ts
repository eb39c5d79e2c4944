import { createHmac, randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import type { TransportCapabilities } from '../../src/session/transport/transport.ts';
import { expectAlive, readAnswer, type Calls } from './calls.ts';

/** close_notify in the clear, as anybody can send it; with `epoch` 1 it claims to be encrypted. */
const alert = (epoch: number): Buffer => Buffer.from([21, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0]);
const FATAL_ALERT = Buffer.from([21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 7, 0, 2, 2, 40]);
/** An alert that is encrypted with other keys. */
const FORGED = Buffer.concat([Buffer.from([21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 26]), Buffer.alloc(26, 7)]);
const UNKNOWN_RECORD = Buffer.from([60, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0]);
/** A ClientHello record without content. */
const HELLO = Buffer.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** A STUN binding request; without a password it has no MESSAGE-INTEGRITY. */
function bindingRequest(username: string, password: string | undefined): Buffer {
  const name = Buffer.from(username);
  const padding = Buffer.alloc((4 - (name.length % 4)) % 4);
  const body = Buffer.concat([Buffer.from([0, 6, 0, name.length]), name, padding, Buffer.from([0, 0x25, 0, 0])]);
  const head = Buffer.alloc(20);
  head.writeUInt16BE(1, 0);
  head.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(head, 8);
  head.writeUInt16BE(body.length + (password === undefined ? 0 : 24), 2);
  if (password === undefined) return Buffer.concat([head, body]);
  const digest = createHmac('sha1', password).update(head).update(body).digest();
  return Buffer.concat([head, body, Buffer.from([0, 8, 0, 20]), digest]);
}

async function flood(socket: Socket, port: number, packets: readonly Buffer[]): Promise<void> {
  for (const packet of packets) {
    await new Promise((resolve) => socket.send(packet, port, '127.0.0.1', resolve));
  }
}

/** What does not come from the peer, or comes again, has no effect. */
export function doorContract(calls: Calls, capabilities: TransportCapabilities): void {
  describe('the front door', () => {
    it('ignores DTLS from a stranger, and alerts in the clear even from the peer’s own address', async () => {
      const call = await calls.up();
      const records = [alert(0), FATAL_ALERT, UNKNOWN_RECORD, HELLO, FORGED, Buffer.concat([HELLO, alert(0)])];
      await flood(await calls.stranger(), readAnswer(call.answer).port, [...records, alert(1)]);
      for (const record of records) call.peer.sendRaw(record);
      await expectAlive(call);
    });

    it.runIf(capabilities.unspoofable)('ignores a forged record that is too short to be one', async () => {
      const call = await calls.up();
      call.peer.sendRaw(alert(1));
      await expectAlive(call);
    });

    it('ignores and does not answer STUN requests without or with wrong integrity', async () => {
      const call = await calls.up();
      const { port, ufrag } = readAnswer(call.answer);
      const username = `${ufrag}:${readAnswer(call.offer).ufrag}`;
      const socket = await calls.stranger();
      let accepted = 0;
      socket.on('message', (message) => (message.readUInt16BE(0) === 0x0101 ? accepted++ : undefined));
      const requests = [undefined, 'a password that is wrong'].map((password) => bindingRequest(username, password));
      await flood(socket, port, Array.from({ length: 100 }, () => requests).flat());
      await flood(socket, port, [bindingRequest('nobody:nowhere', 'a password that is wrong')]);
      await expectAlive(call);
      // What goes out still goes to the peer.
      call.server.transport.sendRtcp(Buffer.from('80c9000100000001', 'hex'));
      await call.peer.until(() => call.peer.rtcp.length > 0);
      expect(accepted).toBe(0);
    });

    it('ignores SRTP and SRTCP look-alikes, from strangers and from the peer’s own address', async () => {
      const call = await calls.up();
      const garbage = Array.from({ length: 100 }, (_, i) => {
        const packet = randomBytes(20 + i);
        packet[0] = 0x80;
        packet[1] = i % 2 === 0 ? 96 : 200;
        return packet;
      });
      await flood(await calls.stranger(), readAnswer(call.answer).port, garbage);
      for (const packet of garbage) call.peer.sendRaw(packet);
      await expectAlive(call);
      expect(call.server.rtcp).toEqual([]);
    });

    it('ignores any first byte and any length', async () => {
      const call = await calls.up();
      const packets = Array.from({ length: 256 }, (_, first) =>
        Buffer.concat([Buffer.from([first]), randomBytes(first)]),
      );
      await flood(await calls.stranger(), readAnswer(call.answer).port, [...packets, Buffer.alloc(0)]);
      for (const packet of packets) call.peer.sendRaw(packet);
      await expectAlive(call);
    });

    it('takes every packet once, however often it is sent', async () => {
      const call = await calls.up();
      const captured: Buffer[] = [];
      call.peer.tap((data) => captured.push(Buffer.from(data)));
      for (let i = 0; i < 10; i++) call.peer.sendRtp('video', Buffer.from(`packet ${i}`), i);
      await call.server.until(() => call.server.rtp.length === 10);
      for (const packet of captured.slice(0, 10)) call.peer.sendRaw(packet);
      await expectAlive(call);
      expect(call.server.rtp).toHaveLength(11);
    });

    it('drops a packet that was changed on its way', async () => {
      const call = await calls.up();
      let spoil = true;
      call.peer.tap((data) => {
        const last = data.length - 1;
        if (spoil) data[last] = (data[last] ?? 0) ^ 1;
      });
      call.peer.sendRtp('video', Buffer.from('changed'), 1);
      await new Promise(setImmediate);
      spoil = false;
      await expectAlive(call);
    });
  });
}
