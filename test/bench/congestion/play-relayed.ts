import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { wireSize } from '../../../src/rtp/packet/outgoing-packet.ts';
import { monotonic, type Milli } from '../../../src/time.ts';
import { SPAN, waitsBySpan, type SpanFigures } from '../../link/figures.ts';
import { Flow } from '../../link/flow.ts';
import type { Script } from '../../link/play.ts';
import { Random } from '../../media/random.ts';
import { Relay } from '../../relay/relay.ts';

const LOOPBACK = '127.0.0.1';
const SOCKET_BUFFER = 4 * 1024 * 1024;

/** The two ends of a flow: what one sends, the other gets through the relay. */
interface Ends {
  readonly flow: Flow;
  readonly sender: Socket;
  readonly receiver: Socket;
  readonly port: number;
  /** Where the receiver sends feedback to: where packets come from. */
  back: number | undefined;
  arrivedBytes: number;
}

/**
 * Plays a script in real time: each flow's packets leave by a UDP socket, through a relay that does what the script says,
 * to another, and feedback goes back the same way. Datagrams are as long as packets are on the wire. No cross traffic.
 */
export async function playRelayed(script: Script): Promise<SpanFigures[]> {
  const relay = new Relay({ seed: script.seed, up: script.forward, down: script.back });
  const random = new Random(script.seed);
  const all = await Promise.all(script.flows.map((options) => openEnds(new Flow(options, random), relay)));
  try {
    const start = relay.start(
      (script.changes ?? []).map(({ at, forward, back }) => ({
        at,
        ...(forward && { up: forward }),
        ...(back && { down: back }),
      })),
    );
    const spans = await drive(all, start, script.duration);
    const waits = waitsBySpan(relay.records('up', start), start);
    return spans.map((span, index) => ({ ...span, queue: waits[index] ?? 0 }));
  } finally {
    relay.close();
    for (const { sender, receiver } of all) {
      sender.close();
      receiver.close();
    }
  }
}

async function openEnds(flow: Flow, relay: Relay): Promise<Ends> {
  const sender = await openSocket();
  const receiver = await openSocket();
  const port = await relay.flow(LOOPBACK, receiver.address().port);
  return { flow, sender, receiver, port, back: undefined, arrivedBytes: 0 };
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  socket.setRecvBufferSize(SOCKET_BUFFER);
  return socket;
}

/** Sends what is due each millisecond, as far as timers go, until the script's end. */
function drive(all: readonly Ends[], start: Milli, duration: Milli): Promise<SpanFigures[]> {
  const now = () => monotonic.now() - start;
  for (const ends of all) listen(ends, now);
  const spans: SpanFigures[] = [];
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const at = now();
      for (const ends of all) send(ends, at);
      while (at >= (spans.length + 1) * SPAN && spans.length < duration / SPAN) spans.push(takeSpan(all, spans.length));
      if (at < duration) return;
      clearInterval(timer);
      resolve(spans);
    }, 1);
  });
}

function listen(ends: Ends, now: () => Milli): void {
  ends.receiver.on('message', (datagram, { port }) => {
    ends.back = port;
    ends.arrivedBytes += datagram.length;
    ends.flow.onPacket(datagram, now());
  });
  ends.sender.on('message', (datagram) => ends.flow.onFeedback(datagram, now()));
}

function send({ flow, sender, receiver, port, back }: Ends, at: Milli): void {
  for (const packet of flow.send(at)) {
    const datagram = Buffer.alloc(wireSize(packet));
    datagram.set(packet.data);
    sender.send(datagram, port, LOOPBACK);
  }
  if (back === undefined) return;
  for (const rtcp of flow.feedback(at)) receiver.send(rtcp, back, LOOPBACK);
}

function takeSpan(all: readonly Ends[], index: number): SpanFigures {
  const arrived = all.map(({ arrivedBytes }) => (arrivedBytes * 8000) / SPAN);
  for (const ends of all) ends.arrivedBytes = 0;
  return { at: (index + 1) * SPAN, queue: 0, estimate: all.map(({ flow }) => flow.estimate), arrived };
}
