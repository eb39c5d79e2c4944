import { join } from 'node:path';
import type { TransportName } from '../../../src/session/transport/transport-settings.ts';
import { monotonic } from '../../../src/time.ts';
import { Forked } from '../forked.ts';
import { GatewayProcess } from '../gateway/gateway-process.ts';
import { busiestThread, cpuSeconds, threadCpuSeconds, type ThreadName } from '../gateway/proc.ts';
import { round } from '../quantile.ts';
import type { Published } from './publish-process.ts';
import type { FromWatch, ToWatch } from './watch-process.ts';

/** From the last viewer's connection on: keyframes that it wanted, estimates and JIT settle. */
const WARM_UP_SECONDS = 6;

export interface ViewersOrder {
  readonly viewers: number;
  readonly seconds: number;
  readonly transport: TransportName;
  /** Of what is published, pixels. */
  readonly width: number;
  readonly height: number;
}

/** The JSON of `bench viewers`. */
export interface ViewersFigures {
  readonly viewers: number;
  readonly transport: TransportName;
  readonly seconds: number;
  /** CPU of the thread that decodes, swaps and encodes the session, cores: with one viewer and with all. */
  readonly encoderCpu: { readonly one: number; readonly all: number };
  /** CPU of the gateway and its children, that thread apart, which one more viewer costs a second, milliseconds. */
  readonly cpuMsPerViewerSecond: number;
  /** Packets that came, of those that were numbered. */
  readonly delivered: { readonly fraction: number };
  /** Bits a second that one viewer gets, SRTP included; packets a second. */
  readonly viewerBitrate: number;
  readonly viewerPackets: number;
  /** CPU of the viewers' own process with all of them. */
  readonly clientCores: number;
}

interface Sample {
  readonly gateway: number;
  readonly encoder: number;
  readonly client: number;
  readonly bitrate: number;
  readonly packets: number;
  readonly delivered: number;
}

/** Cores beside the encoding thread: on a full machine it does less, which must not make viewers look cheap. */
function beside({ gateway, encoder }: Sample): number {
  return gateway - encoder;
}

/** One session published by WHIP, and many who watch its packets by WHEP. */
export async function benchViewers(order: ViewersOrder): Promise<ViewersFigures> {
  const gateway = await GatewayProcess.start({ GUISE_MEDIA_TRANSPORT: order.transport, GUISE_MEDIA_WORKERS: '1' });
  const program = (name: string) => join(import.meta.dirname, `${name}.js`);
  const parameters = [`${gateway.url}/whip/bench?identity=mask:gold`, String(order.width), String(order.height)];
  const publisher = new Forked<never, Published>(program('publish-process'), parameters);
  const watching = new Forked<ToWatch, FromWatch>(program('watch-process'));
  try {
    await publisher.next('published');
    const add = (count: number) =>
      watching.ask({ type: 'watch', endpoint: `${gateway.url}/whep/bench`, count }, 'watching');
    await add(1);
    await sleep(WARM_UP_SECONDS);
    const encoder = await busiestThread(gateway.mediaWorkers[0]!);
    const one = await measure({ gateway, watching, encoder }, order.seconds);
    await add(order.viewers - 1);
    await sleep(WARM_UP_SECONDS);
    const all = await measure({ gateway, watching, encoder }, order.seconds);
    return {
      viewers: order.viewers,
      transport: order.transport,
      seconds: order.seconds,
      encoderCpu: { one: round(one.encoder), all: round(all.encoder) },
      cpuMsPerViewerSecond: round(((beside(all) - beside(one)) * 1000) / (order.viewers - 1)),
      delivered: { fraction: round(all.delivered, 4) },
      viewerBitrate: round(all.bitrate, 0),
      viewerPackets: round(all.packets, 0),
      clientCores: round(all.client),
    };
  } finally {
    watching.end();
    publisher.end();
    await gateway.stop();
  }
}

/** What a while of it costs and brings, a second. */
async function measure(
  parts: {
    readonly gateway: GatewayProcess;
    readonly watching: Forked<ToWatch, FromWatch>;
    readonly encoder: ThreadName;
  },
  seconds: number,
): Promise<Sample> {
  const { gateway, watching, encoder } = parts;
  const read = () => ({
    at: monotonic.now() / 1000,
    gateway: cpuSeconds(gateway.pids),
    encoder: threadCpuSeconds(encoder),
    client: cpuSeconds([watching.pid]),
  });
  await watching.ask({ type: 'begin' }, 'begun');
  const before = read();
  await sleep(seconds);
  const after = read();
  const { all } = await watching.ask({ type: 'end' }, 'watched');
  const passed = after.at - before.at;
  const sum = (of: 'packets' | 'expected' | 'bytes') => all.reduce((total, each) => total + each[of], 0);
  return {
    gateway: (after.gateway - before.gateway) / passed,
    encoder: (after.encoder - before.encoder) / passed,
    client: (after.client - before.client) / passed,
    bitrate: (sum('bytes') * 8) / passed / all.length,
    packets: sum('packets') / passed / all.length,
    delivered: sum('packets') / sum('expected'),
  };
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
