import { parseArgs } from 'node:util';
import { GatewayError } from '../../src/errors.ts';
import { isSendCodec, SEND_CODECS } from '../../src/media/chunk.ts';
import { benchCall } from './call.ts';
import { benchCapacity } from './capacity/capacity-bench.ts';
import { benchChaos } from './chaos/chaos-bench.ts';
import { benchCongestion } from './congestion/congestion-bench.ts';
import { benchExposure } from './exposure/exposure-bench.ts';
import { benchFace } from './face/face-bench.ts';
import { readImpair, type ImpairText } from './impair/impair-text.ts';
import type { BenchIdentity } from './local-swap.ts';
import { benchCalibration } from './neural/calibration.ts';
import { benchNeural } from './neural/neural-bench.ts';
import { benchNetwork } from './network/network-bench.ts';
import { benchGpuFaults } from './gpu/gpu-faults.ts';
import type { GpuOrder } from './gpu/gpu-place.ts';
import { benchGpuChains } from './gpu/gpu-chains.ts';
import { benchGpuGraphs } from './gpu/gpu-graphs.ts';
import { benchGpuLanes } from './gpu/lanes/lanes-bench.ts';
import { benchGpuTables } from './gpu/gpu-tables.ts';
import { WAYS, type StreamsOrder } from './gpu/streams/gpu-gateway.ts';
import { benchStreams } from './gpu/streams/streams-bench.ts';
import { benchStruckStreams } from './gpu/streams/struck-streams.ts';
import { makeNetworks, networkNamed } from '../gpu/networks/networks.ts';
import { benchLoss } from './loss.ts';
import { benchSchedule } from './schedule/schedule-bench.ts';
import { runTrace } from './schedule/trace-run.ts';
import { benchSizes } from './sizes.ts';
import { benchCycles } from './soak/cycles.ts';
import { benchSoak } from './soak/soak.ts';
import { benchStall } from './stall.ts';
import { printTable } from './table.ts';
import { benchTransport } from './transport/transport-bench.ts';
import { benchViewers } from './viewers/viewers-bench.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    streams: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    size: { type: 'string', default: '1280x720' },
    codec: { type: 'string', default: 'vp8' },
    budget: { type: 'string', default: '66' },
    identity: { type: 'string', default: 'astronaut' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '10' },
    cycles: { type: 'string', default: '200' },
    rate: { type: 'string', default: '30' },
    restless: { type: 'boolean', default: false },
    transport: { type: 'string', default: 'werift' },
    row: { type: 'string', multiple: true, default: [] },
    echo: { type: 'boolean', default: false },
    impair: { type: 'string' },
    relay: { type: 'boolean', default: false },
    viewers: { type: 'string', default: '100' },
    out: { type: 'string' },
    trace: { type: 'string' },
    long: { type: 'boolean', default: false },
    plot: { type: 'string' },
    tables: { type: 'boolean', default: false },
    lanes: { type: 'boolean', default: false },
    gpus: { type: 'string', default: '1' },
    'mps-faults': { type: 'boolean', default: false },
    strikes: { type: 'boolean', default: false },
    graphs: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    chains: { type: 'boolean', default: false },
    boost: { type: 'string', default: '1' },
    beside: { type: 'boolean', default: false },
    provider: { type: 'string' },
    network: { type: 'string' },
    measure: { type: 'string', default: '3' },
    way: { type: 'string', multiple: true, default: [] },
    clients: { type: 'string', multiple: true, default: [] },
  },
});

/** The benches by name: what each prints is said where it is defined. */
const BENCHES: Record<string, () => Promise<object>> = {
  face: benchFace,
  call: () => benchCall(asked(callOrder), { transport: asked(transport), ...asked(impairment) }),
  capacity: () => benchCapacity(callOrder()),
  soak: () => benchSoak({ ...asked(callOrder), ...asked(soakOrder) }),
  cycles: () => benchCycles({ cycles: count('cycles'), transport: asked(transport), seed: count('seed') }),
  congestion: () => benchCongestion({ seed: count('seed'), relay: options.relay }),
  loss: () => Promise.resolve(benchLoss(count('seed'))),
  sizes: () => Promise.resolve(benchSizes()),
  stall: () => benchStall(callOrder()),
  network: () => benchNetwork({ ...asked(callOrder), transport: asked(transport), echo: options.echo }, options.row),
  transport: () => benchTransport(count('seconds')),
  viewers: () => benchViewers({ ...asked(callOrder), viewers: count('viewers'), transport: asked(transport) }),
  chaos: () => benchChaos(count('seed')),
  gpu: () => benchGpu(),
  neural: benchNeural,
  calibration: () => Promise.resolve(benchCalibration()),
  networks: () => Promise.resolve(makeNetworks(options.out)),
  schedule: () => {
    const { trace, long, plot } = options;
    return Promise.resolve(trace === undefined ? benchSchedule({ long, plot }) : asked(() => runTrace(trace)));
  },
  exposure: () => benchExposure(positionals.slice(1)),
};

/** Reads arguments; what is wrong with them is said without a stack. */
function asked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof GatewayError) console.error(`${error.code}: ${error.message}`);
    else console.error(error instanceof TypeError ? error.message : error);
    process.exit(2);
  }
}

function callOrder(): Parameters<typeof benchCall>[0] {
  const [width, height] = options.size.split('x').map(Number);
  const { codec, identity } = options;
  if (!width || !height) throw new TypeError(`--size must be like 1280x720 [size:${options.size}]`);
  if (!isSendCodec(codec)) throw new TypeError(`--codec must be one of ${SEND_CODECS.join(', ')} [codec:${codec}]`);
  return {
    streams: options.streams === undefined ? 1 : count('streams'),
    seconds: count('seconds'),
    budget: count('budget'),
    seed: count('seed'),
    width,
    height,
    codec,
    identity: identity as BenchIdentity,
  };
}

/**
 * Streams through the whole gateway, from `--streams` on; `--strikes`: what so many of them lose with GPU workers or the MPS server; `--tables`: p(batch), workers × batch × MPS; `--lanes`: goodput and losses of the broker's lanes;
 * `--mps-faults`: what others see when a worker or the MPS server is lost; `--graphs`: a file as published against the prepared one, with
 * `--alone` each rewrite of it too; `--chains`: whole recipes, pixel boost and a larger network, `--row` one or some of them.
 */
function benchGpu(): Promise<object> {
  const order: GpuOrder = { provider: options.provider, network: options.network, seconds: count('measure') };
  const gpus = count('gpus');
  if (options.tables) return benchGpuTables(order);
  if (options.lanes) return benchGpuLanes(order, gpus);
  if (options['mps-faults']) return benchGpuFaults(order);
  if (options.chains) return benchGpuChains(order, options.row);
  if (options.graphs) return benchGpuGraphs({ ...order, alone: options.alone });
  if (options.strikes) return benchStruckStreams(asked(streamsOrder), options.row);
  return benchStreams(asked(streamsOrder));
}

function streamsOrder(): StreamsOrder {
  const { provider = 'cuda', way, clients } = options;
  if (provider !== 'cuda' && provider !== 'cpu')
    throw new TypeError(`--provider must be cuda or cpu [provider:${provider}]`);
  const ways = WAYS.filter(({ name }) => way.length === 0 || way.includes(name));
  if (ways.length === 0) throw new TypeError(`--way must be exclusive, shared or guise [way:${way.join()}]`);
  const load = callOrder();
  return {
    load,
    network: networkNamed(options.network ?? (provider === 'cuda' ? 'inswapper-float16' : 'tiny')),
    boost: count('boost'),
    beside: options.beside,
    provider,
    ways: ways.map((each) => ({
      ...each,
      ...(options.streams !== undefined && { from: count('streams') }),
      ...(provider === 'cpu' && { mps: 'off', from: load.streams }),
    })),
    clients,
  };
}

function soakOrder(): Pick<Parameters<typeof benchSoak>[0], 'minutes' | 'frameRate' | 'transport' | 'restless'> {
  const { restless } = options;
  return { minutes: count('minutes'), frameRate: count('rate'), transport: transport(), restless };
}

function impairment(): { impair?: ImpairText } {
  return options.impair === undefined ? {} : { impair: readImpair(options.impair) };
}

function transport(): 'werift' | 'libdatachannel' {
  const name = options.transport === 'datachannel' ? 'libdatachannel' : options.transport;
  if (name !== 'werift' && name !== 'libdatachannel')
    throw new TypeError(`--transport must be werift or libdatachannel [transport:${name}]`);
  return name;
}

function count(
  name:
    | 'streams'
    | 'seconds'
    | 'budget'
    | 'seed'
    | 'minutes'
    | 'viewers'
    | 'cycles'
    | 'rate'
    | 'measure'
    | 'gpus'
    | 'boost',
): number {
  const value = Number(options[name]);
  if (!(value > 0)) throw new TypeError(`--${name} must be a number above 0 [${name}:${options[name]}]`);
  return value;
}

const bench = BENCHES[positionals[0] ?? ''];
if (!bench) {
  console.error(`name a bench: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
const figures = await bench();
if (!options.json) printTable(figures);
// The exit waits until all is written: a pipe takes 64 KiB at a time.
process.stdout.write(options.json ? `${JSON.stringify(figures)}\n` : '', () => process.exit(0));
