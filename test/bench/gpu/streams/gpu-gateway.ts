import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { networkFile, type NetworkName } from '../../../gpu/networks/networks.ts';
import { besideOf, swapRecipe } from '../../../support/swap-recipes.ts';
import { OPEN_DOOR, runCalls, type CallRun, type CallRunOptions } from '../../call-run.ts';
import type { LoadOrder } from '../../client/protocol.ts';
import { GatewayProcess } from '../../gateway/gateway-process.ts';

/** Loading and profiling takes seconds on a GPU, a minute on a busy processor; more is a hang. */
const START_LIMIT = 180_000;
/** Name of the recipe in the settings of the gateway. */
const RECIPE = 'bench';

/** How the GPU is shared among the streams. Everything else is the same gateway, with the same way through the processor. */
export interface Way {
  readonly name: WayName;
  readonly workersPerGpu: number;
  readonly maximumBatch: number;
  readonly mps: 'on' | 'off';
  /** Streams to try first. */
  readonly from: number;
}

export type WayName = 'exclusive' | 'shared' | 'guise';

/** Each stream's crops for themselves, in turns; for themselves, side by side; in batches, side by side. The best of a name counts. */
export const WAYS: readonly Way[] = [
  { name: 'exclusive', workersPerGpu: 1, maximumBatch: 1, mps: 'off', from: 12 },
  { name: 'exclusive', workersPerGpu: 2, maximumBatch: 1, mps: 'off', from: 14 },
  { name: 'exclusive', workersPerGpu: 4, maximumBatch: 1, mps: 'off', from: 10 },
  { name: 'shared', workersPerGpu: 4, maximumBatch: 1, mps: 'on', from: 14 },
  { name: 'shared', workersPerGpu: 6, maximumBatch: 1, mps: 'on', from: 16 },
  { name: 'guise', workersPerGpu: 2, maximumBatch: 8, mps: 'on', from: 24 },
];

export interface StreamsOrder {
  readonly load: Omit<LoadOrder, 'gateway' | 'impaired' | 'streams' | 'recipe'>;
  /** A generated network that takes an embedding. */
  readonly network: NetworkName;
  /** Pixel boost. */
  readonly boost: number;
  /** Whether the recipe has masks and an enhancer, of published shapes on a GPU. */
  readonly beside: boolean;
  readonly provider: 'cuda' | 'cpu';
  readonly ways: readonly Way[];
  /** Lists of processors as taskset takes them, one load client each. Empty: one client anywhere. */
  readonly clients: readonly string[];
}

/** What each client of a run is told beside the order of the bench. */
type Changes = Pick<CallRunOptions, 'onPhase'> & Partial<Pick<LoadOrder, 'seconds' | 'record'>>;

/** A gateway whose sessions are swapped by one recipe on the first GPU, in one way of sharing it. */
export class GpuGateway {
  readonly process: GatewayProcess;
  readonly #order: StreamsOrder;
  readonly #folder: string;

  /** Settles when it takes calls and all GPU workers are warm. @param spareWorkers left out: as usual */
  static async start(order: StreamsOrder, way: Way, spareWorkers?: number): Promise<GpuGateway> {
    const folder = mkdtempSync(join(tmpdir(), 'guise-streams-'));
    const file = join(folder, 'guise.json');
    writeFileSync(file, JSON.stringify({ gpu: gpuSettings(order, way, spareWorkers) }));
    const gateway = new GpuGateway(await GatewayProcess.start({ ...OPEN_DOOR, GUISE_CONFIG: file }), order, folder);
    try {
      await brokerReady(gateway.process.url);
      return gateway;
    } catch (error) {
      await gateway.stop();
      throw error;
    }
  }

  private constructor(process: GatewayProcess, order: StreamsOrder, folder: string) {
    this.process = process;
    this.#order = order;
    this.#folder = folder;
  }

  /** Calls with so many streams, by all clients at once; each counts for itself, since each has its own clock of frames. */
  call(streams: number, { onPhase, ...changes }: Changes = {}): Promise<CallRun[]> {
    const { load, clients } = this.#order;
    const places = clients.length === 0 ? [undefined] : clients.slice(0, streams);
    return Promise.all(
      places.map((processors, index) => {
        const share = Math.floor((streams + index) / places.length);
        const order = { ...load, ...changes, streams: share, seed: load.seed + index, recipe: RECIPE, impaired: false };
        return runCalls(this.process, order, {
          ...(processors !== undefined && { processors }),
          ...(onPhase && { onPhase }),
        });
      }),
    );
  }

  async stop(): Promise<void> {
    await this.process.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

/** The gateway takes calls before its GPU workers are warm; what is measured is both. */
export async function brokerReady(url: string): Promise<void> {
  const limit = performance.now() + START_LIMIT;
  for (;;) {
    const { gpu } = (await (await fetch(`${url}/healthz`)).json()) as { readonly gpu?: { readonly broker: string } };
    if (gpu?.broker === 'ready') return;
    if (performance.now() > limit) throw new Error(`the broker must become ready [broker:${gpu?.broker}]`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function gpuSettings({ network, boost, beside, provider }: StreamsOrder, way: Way, spareWorkers?: number): object {
  const { workersPerGpu, maximumBatch, mps } = way;
  const { file, size } = swapRecipe(network);
  return {
    provider,
    workersPerGpu,
    ...(spareWorkers !== undefined && { spareWorkers }),
    mps: { mode: mps },
    recipes: [
      {
        name: RECIPE,
        file,
        size,
        template: 'arcface_128',
        source: { kind: 'embedding', embedder: networkFile('tiny-embedder') },
        // A face that is cut more finely must fit a batch.
        maximumBatch: Math.max(maximumBatch, boost ** 2),
        boost,
        ...(beside && besideOf(provider)),
      },
    ],
  };
}
