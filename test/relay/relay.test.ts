import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { monotonic } from '../../src/time.ts';
import { withoutCandidates } from './answer.ts';
import { Relay, type RelayOptions } from './relay.ts';

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function socket(): Promise<Socket> {
  const made = createSocket('udp4').bind(0, '127.0.0.1');
  open.push(made);
  await once(made, 'listening');
  return made;
}

/** A gateway that sends everything back, and knows from which ports things came. */
async function echo(): Promise<{ socket: Socket; ports: Set<number>; count: () => number }> {
  const [made, ports] = [await socket(), new Set<number>()];
  let count = 0;
  made.on('message', (bytes, { port, address }) => {
    count++;
    ports.add(port);
    made.send(bytes, port, address);
  });
  return { socket: made, ports, count: () => count };
}

interface Call {
  relay: Relay;
  gateway: Awaited<ReturnType<typeof echo>>;
  send(count: number): void;
  /** Resolves with the numbers of the packets that came back, in their order, when there are so many. */
  came(count: number): Promise<number[]>;
}

async function call(options: RelayOptions = {}): Promise<Call> {
  const relay = new Relay(options);
  open.push(relay);
  const gateway = await echo();
  const client = await socket();
  const port = await relay.flow('127.0.0.1', gateway.socket.address().port);
  const back: number[] = [];
  client.on('message', (bytes) => back.push(bytes.readUInt32BE(0)));
  let next = 0;
  return {
    relay,
    gateway,
    send(count) {
      for (let i = 0; i < count; i++) {
        const bytes = Buffer.alloc(100);
        bytes.writeUInt32BE(next++);
        client.send(bytes, port, '127.0.0.1');
      }
    },
    async came(count) {
      while (back.length < count) await once(client, 'message');
      return back.splice(0);
    },
  };
}

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

describe('a relay', () => {
  it('carries everything both ways, in order', async () => {
    const { relay, send, came } = await call();

    send(100);

    expect(await came(100)).toEqual(numbers(100));
    expect(relay.counters('up')).toMatchObject({ packets: 100, bytes: 10_000, delivered: 100 });
    expect(relay.counters('down')).toMatchObject({ packets: 100, delivered: 100 });
  });

  it('loses on each way by its own chances, as its counters say', async () => {
    const { relay, gateway, send, came } = await call({ up: { loss: 30 }, down: { loss: 20 } });
    let sent = 0;
    for (; sent < 400; sent += 50) {
      send(50);
      while (relay.counters('up').packets < sent + 50) await new Promise(setImmediate);
    }
    while (relay.counters('down').packets < relay.counters('up').delivered) await new Promise(setImmediate);

    const [up, down] = [relay.counters('up'), relay.counters('down')];
    expect((await came(down.delivered)).length).toBe(down.delivered);
    expect(gateway.count()).toBe(up.delivered);
    expect(up.lost).toBe(400 - up.delivered);
    expect(up.lost).toBeGreaterThan(80);
    expect(down.lost).toBeGreaterThan(30);
    expect(down.lost).toBe(down.packets - down.delivered);
  });

  it('holds packets for the delay and never gives them early', async () => {
    const { relay, send, came } = await call({ up: { delay: 20 }, down: { delay: 30 } });
    const from = monotonic.now();

    send(10);

    expect(await came(10)).toEqual(numbers(10));
    expect(monotonic.now() - from).toBeGreaterThanOrEqual(49);
    expect(relay.records('down').length).toBe(10);
  });

  it('lets nothing through while it is cut by a step, and everything after', async () => {
    const { relay, gateway, send, came } = await call();
    relay.start([{ at: 5, up: { cut: true } }]);
    while (relay.counters('up').cut === 0) {
      send(1);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const before = relay.counters('up');
    relay.set('up', { cut: false });
    send(3);

    expect((await came(before.delivered + 3)).length).toBe(before.delivered + 3);
    expect(gateway.count()).toBe(before.delivered + 3);
  });

  it('has a new port towards the gateway after a rebinding, and hears nothing on the old one', async () => {
    const { relay, gateway, send, came } = await call();
    send(1);
    await came(1);
    const [old] = gateway.ports;

    relay.rebind();
    gateway.socket.send(Buffer.alloc(100, 0xff), old!, '127.0.0.1');
    send(2);

    expect(await came(2)).toEqual([1, 2]);
    expect(gateway.ports.size).toBe(2);
    expect(relay.counters('down').packets).toBe(3);
  });

  it('gives two flows one queue', async () => {
    const { relay, send, came } = await call({ down: { rate: 1000 } });
    const second = await echo();
    const client = await socket();
    const port = await relay.flow('127.0.0.1', second.socket.address().port);

    send(10);
    client.send(Buffer.alloc(100), port, '127.0.0.1');
    await Promise.all([came(10), once(client, 'message')]);

    const records = relay.records('down');
    expect(new Set(records.map(({ flow }) => flow))).toEqual(new Set([0, 1]));
    // 100 bytes take 0.8 ms: eleven packets that came within a moment have stood behind each other.
    expect(Math.max(...records.map(({ wait }) => wait!))).toBeGreaterThan(1.5);
  });

  it('stands in an answer for its UDP candidates, and no other way is left', async () => {
    const relay = new Relay();
    open.push(relay);
    const answer = [
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=candidate:1 1 udp 2130706431 10.0.0.1 40000 typ host',
      'a=candidate:1 2 udp 2130706430 10.0.0.1 40000 typ host',
      'a=candidate:2 1 tcp 1671430143 10.0.0.1 40000 typ host tcptype passive',
      'a=candidate:3 1 udp 2130706430 fe80::1 40000 typ host',
      'a=end-of-candidates',
      '',
    ].join('\r\n');

    const through = await relay.through(answer);

    const port = /127\.0\.0\.1 (\d+)/.exec(through)?.[1];
    expect(port).not.toBe('40000');
    expect(through.split('\r\n')).toEqual([
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      `a=candidate:1 1 udp 2130706431 127.0.0.1 ${port} typ host`,
      `a=candidate:1 2 udp 2130706430 127.0.0.1 ${port} typ host`,
      'a=end-of-candidates',
      '',
    ]);
    await expect(relay.through('v=0\r\n')).rejects.toThrow(/UDP candidate/);
    expect(withoutCandidates(answer)).not.toContain('candidate:');
  });
});
