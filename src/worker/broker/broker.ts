import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { gpuRecipe, type RecipeSettings } from '../../config/gpu.ts';
import type { Logger } from '../../log.ts';
import { CostTable } from '../../schedule/cost/cost-table.ts';
import type { Clock } from '../../time.ts';
import type { BrokerFigures, BrokerSettings } from '../wire/broker-control.ts';
import { MAXIMUM_BATCH, type ProfileTable } from '../wire/gpu-protocol.ts';
import { Dispatcher } from './dispatcher.ts';
import { placesOn } from './gpus/gpu-card.ts';
import { GpuPool } from './gpus/gpu-pool.ts';
import { plainNumber, variantsOf } from './recipe-variants.ts';
import { LaneConnection } from './lane-connection.ts';

/** Connections at once: pixel threads of all media workers, those of one that is being replaced too. */
const MAXIMUM_CONNECTIONS = 1024;

/** What a broker process holds: the socket for pixel threads, the dispatcher, the GPUs. Owns them. */
export class Broker {
  readonly #settings: BrokerSettings;
  readonly #log: Logger;
  readonly #costs: CostTable;
  readonly #dispatcher: Dispatcher;
  readonly #pool: GpuPool;
  readonly #connections = new Set<LaneConnection>();
  readonly #server: Server;

  constructor(settings: BrokerSettings, { clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    const { gpu } = settings;
    const { recipes, devices, workersPerGpu } = gpu;
    this.#settings = settings;
    this.#log = log;
    this.#costs = new CostTable({ recipes: variantsOf(recipes).length, workersPerGpu, maximumBatch: MAXIMUM_BATCH });
    this.#dispatcher = new Dispatcher({
      recipes: recipes.map((recipe) => ({ ...recipe, sourceBytes: sourceBytes(recipe) })),
      tiers: gpu.tiers,
      tenantRate: gpu.tenantRate ?? Infinity,
      costs: this.#costs,
      gpus: devices.length,
      workersPerGpu: placesOn(gpu),
      clock,
      log,
    });
    this.#pool = new GpuPool({ gpu, costs: this.#costs, dispatcher: this.#dispatcher, clock, log });
    this.#server = createServer((socket) => {
      const connection = new LaneConnection(socket, {
        dispatcher: this.#dispatcher,
        onClosed: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
    });
    this.#server.maxConnections = MAXIMUM_CONNECTIONS;
  }

  /** Lets pixel threads connect, then starts the GPUs. @throws GatewayError if one of them has no worker that starts */
  async start(): Promise<void> {
    const { socket } = this.#settings;
    // A broker that was killed has left its socket there.
    await rm(socket, { force: true });
    this.#server.listen(socket);
    await once(this.#server, 'listening');
    await this.#pool.start();
    this.#log.info({ provider: this.#pool.provider }, 'all GPUs are ready');
  }

  get figures(): BrokerFigures {
    const { recipes, devices } = this.#settings.gpu;
    const variants = variantsOf(recipes);
    return {
      provider: this.#pool.provider ?? null,
      gpus: this.#pool.figures.map((gpu, index) => ({ ...gpu, load: this.#dispatcher.loadOf(index) })),
      lanes: this.#dispatcher.lanes,
      ...this.#dispatcher.tally.toFigures(),
      load: this.#dispatcher.load,
      recipes: recipes.flatMap(({ name, boost = 1, enhancer }, recipe) => {
        const most = this.#costs.maximumBatch(recipe);
        if (most === 0) return [];
        const rateOf = (variant: number): number =>
          (this.#costs.bestRate(variant) * 1000 * devices.length) / boost ** 2;
        const plain = enhancer && { plainFacesPerSecond: rateOf(plainNumber(variants, recipe)) };
        return { name, facesPerSecond: rateOf(recipe), ...plain, table: this.#tableOf(recipe, most) };
      }),
    };
  }

  #tableOf(recipe: number, most: number): ProfileTable {
    return Array.from({ length: most }, (_, index) => {
      const batch = index + 1;
      return { batch, p50: this.#costs.p50(recipe, batch), p99: this.#costs.p99(recipe, batch) };
    });
  }

  /** Idempotent. Connections end first, so that no frame waits; workers are gone when it settles. */
  async close(): Promise<void> {
    this.#server.close();
    for (const connection of [...this.#connections]) connection.close();
    this.#dispatcher.close();
    await this.#pool.close();
  }
}

/** Of a source, as the recipe's network takes it. */
function sourceBytes(recipe: RecipeSettings): number {
  const { source } = gpuRecipe(recipe);
  return source.kind === 'embedding' ? 4 * source.length : 3 * source.size ** 2;
}
