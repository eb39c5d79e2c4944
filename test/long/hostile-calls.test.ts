/** A call with a real gateway goes on while its ports are sent hostile packets, 100,000 of each kind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CAPABILITIES } from '../../src/session/transport/create-transport.ts';
import type { TransportName } from '../../src/session/transport/transport-settings.ts';
import { DATAGRAM_KINDS } from '../fuzz/live/datagrams.ts';
import { flood } from '../fuzz/live/flood.ts';
import { floodTcp } from '../fuzz/live/flood-tcp.ts';
import { HostileCall } from '../fuzz/live/hostile-call.ts';

const COUNT = Number(process.env['GUISE_HOSTILE'] ?? 100_000);
/** Against a hang of the event loop, not a figure: that is printed. Milliseconds. */
const HANG = 2000;

interface Way {
  readonly name: string;
  readonly transport: TransportName;
  readonly settings: Readonly<Record<string, string>>;
}

/** Ports that two runs side by side do not share. */
const UDP_PORT = 40_000 + 2 * (process.pid % 5000);
const TCP_PORT = UDP_PORT + 1;
const WAYS: readonly Way[] = [
  { name: 'werift', transport: 'werift', settings: {} },
  {
    name: 'werift, one UDP port and a TCP port',
    transport: 'werift',
    settings: { GUISE_UDP_MUX: String(UDP_PORT), GUISE_TCP: String(TCP_PORT) },
  },
  { name: 'libdatachannel', transport: 'libdatachannel', settings: { GUISE_MEDIA_TRANSPORT: 'libdatachannel' } },
];

describe.each(WAYS)('a call by $name', ({ name, transport, settings }) => {
  let call: HostileCall;
  beforeAll(async () => {
    call = await HostileCall.open(settings);
  });
  afterAll(() => call.close());

  async function survives(kind: string, attack: () => Promise<object>): Promise<void> {
    await call.loopDelay();
    const begin = performance.now();
    const sent = await attack();
    const seconds = Math.round((performance.now() - begin) / 100) / 10;
    const loop = await call.loopDelay();
    await call.delivers();
    console.log(JSON.stringify({ call: name, kind, ...sent, seconds, loop, ends: call.ends }));
    expect(call.unharmed).toBe(true);
    expect(loop.p100).toBeLessThan(HANG);
  }

  test('goes on for ten seconds that are quiet, to compare with', async () => {
    await survives('nothing', async () => {
      await call.delivers(100);
      return {};
    });
  });

  test.each(DATAGRAM_KINDS)(`goes on under ${COUNT} hostile datagrams: %s`, async (kind) => {
    const { relay, sniffer, port } = call;
    const { unspoofable } = CAPABILITIES[transport];
    await survives(kind, () => flood({ kind, count: COUNT, seed: 1, port, relay, sniffer, unspoofable }));
  });

  test.runIf('GUISE_TCP' in settings)(`goes on under ${COUNT} hostile frames at the TCP door`, async () => {
    await survives('TCP', () => floodTcp({ count: COUNT, seed: 1, port: TCP_PORT, sniffer: call.sniffer }));
  });
});
