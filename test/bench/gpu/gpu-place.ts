import { GatewayError } from '../../../src/errors.ts';
import { createLog, type Logger } from '../../../src/log.ts';
import { MpsDaemon, withoutMps } from '../../../src/worker/mps/mps-daemon.ts';
import { readGpuCards, type GpuCardFigures } from '../../../src/worker/mps/nvidia-smi.ts';
import { PROVIDERS, type GpuRecipe, type Provider } from '../../../src/worker/wire/gpu-protocol.ts';
import { networkNamed, type NetworkName } from '../../gpu/networks/networks.ts';
import { swapRecipe } from '../../support/swap-recipes.ts';
import { DrivenWorker, type DrivenOptions } from './driven-worker.ts';

/** What is measured, and with what. */
export interface GpuOrder {
  /** Left out: cuda where there is a GPU, else cpu. */
  readonly provider: string | undefined;
  /** Left out: inswapper_128's shape in half precision on a GPU, a tiny one on a processor. */
  readonly network: string | undefined;
  /** Seconds that each point is measured. */
  readonly seconds: number;
}

/** Where a bench's workers run: the first GPU, or the processor. */
export interface GpuPlace {
  readonly provider: Provider;
  readonly network: NetworkName;
  readonly recipe: GpuRecipe;
  readonly card: GpuCardFigures | undefined;
  /** Why there is no card. */
  readonly reason: string | undefined;
  readonly log: Logger;
}

/** Most crops in a run of the benches. */
const MAXIMUM_BATCH = 16;

/** Finds out where to measure. @throws TypeError for an unknown provider or network */
export async function findPlace({ provider, network }: GpuOrder): Promise<GpuPlace> {
  const { cards, reason } = await readGpuCards();
  const [card] = cards;
  const chosen = provider ?? (card === undefined ? 'cpu' : 'cuda');
  const isKnown = (PROVIDERS as readonly string[]).includes(chosen);
  if (!isKnown) throw new TypeError(`--provider must be one of ${PROVIDERS.join(', ')} [provider:${chosen}]`);
  const name = networkNamed(network ?? (chosen === 'cpu' ? 'tiny' : 'inswapper-float16'));
  say(`${chosen}, ${name}, ${card?.name ?? `no GPU: ${reason}`}`);
  return {
    provider: chosen as Provider,
    network: name,
    recipe: swapRecipe(name, { maximumBatch: MAXIMUM_BATCH }),
    card,
    reason,
    log: createLog('bench'),
  };
}

/** Workers at a place, alone or behind MPS, started one after the other. */
export class Workforce {
  readonly #place: GpuPlace;
  readonly #batches: readonly number[];
  readonly daemon: MpsDaemon | undefined;
  readonly workers: DrivenWorker[] = [];

  constructor(
    place: GpuPlace,
    options: { readonly batches: readonly number[]; readonly daemon?: MpsDaemon | undefined },
  ) {
    this.#place = place;
    this.#batches = options.batches;
    this.daemon = options.daemon;
  }

  /** Starts workers until there are so many. @throws GatewayError mps_failed if one is not behind MPS where it should be */
  async growTo(count: number): Promise<void> {
    while (this.workers.length < count) this.workers.push(await this.#start());
  }

  /** Puts another worker in the place of one that is gone. */
  async replace(worker: DrivenWorker): Promise<DrivenWorker> {
    const fresh = await this.#start();
    this.workers[this.workers.indexOf(worker)] = fresh;
    return fresh;
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.process.close()));
  }

  async #start(): Promise<DrivenWorker> {
    const { provider, recipe, card, log } = this.#place;
    const options: Omit<DrivenOptions, 'env'> = { provider, recipe, batches: this.#batches, log };
    const { daemon } = this;
    if (daemon === undefined)
      return DrivenWorker.start({ ...options, env: card === undefined ? {} : withoutMps(card.uuid) });
    const { worker, behind } = await daemon.admit(() =>
      DrivenWorker.start({ ...options, env: daemon.clientEnvironment() }),
    );
    if (!behind) {
      worker.process.kill();
      throw new GatewayError(
        'mps_failed',
        `a worker must be a client of MPS [pid:${worker.pid}] [clients:${await daemon.clients()}]`,
      );
    }
    return worker;
  }
}

/** The place's MPS daemon; where there is none, why. */
export async function openMps({ card, provider, log }: GpuPlace): Promise<MpsDaemon | string> {
  if (provider !== 'cuda' && provider !== 'tensorrt') return `MPS is for CUDA, not for ${provider}`;
  if (card === undefined) return 'no GPU';
  try {
    return await MpsDaemon.open({ device: card.uuid, log });
  } catch (error) {
    if (error instanceof GatewayError) return error.message;
    throw error;
  }
}

/** Tells how far a bench is: on stderr, since the figures go to stdout. */
export function say(line: string): void {
  console.error(`[gpu] ${line}`);
}
