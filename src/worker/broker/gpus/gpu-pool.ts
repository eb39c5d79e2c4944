import type { GpuSettings } from '../../../config/gpu.ts';
import type { Logger } from '../../../log.ts';
import type { CostTable } from '../../../schedule/cost/cost-table.ts';
import type { Clock, Milli } from '../../../time.ts';
import type { BrokerFigures } from '../../wire/broker-control.ts';
import type { GpuLoaded, Provider } from '../../wire/gpu-protocol.ts';
import { readGpuCards, type GpuCardFigures } from '../../mps/nvidia-smi.ts';
import type { Dispatcher } from '../dispatcher.ts';
import { plainNumber, variantsOf } from '../recipe-variants.ts';
import { GpuCard, placesOn } from './gpu-card.ts';
import type { GpuRunner } from './gpu-runner.ts';
import { usesCuda } from './gpu-sharing.ts';
import { isAt, XidWatch, type Xid } from './xid-watch.ts';

/** How often nvidia-smi is asked. Each start of it held an H100 up for as long as 64 ms, which costs frames. */
const READ_EVERY: Milli = 30_000;

export interface GpuPoolOptions {
  readonly gpu: GpuSettings;
  readonly costs: CostTable;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly log: Logger;
}

/** All GPUs of the host: starts their workers, measures what they take, and gives them to the dispatcher. Owns the GPUs. */
export class GpuPool {
  readonly #options: GpuPoolOptions;
  #cards: readonly GpuCard[] = [];
  /** What nvidia-smi said last. */
  #seen: readonly GpuCardFigures[] = [];
  #reading: NodeJS.Timeout | undefined;
  readonly #xids: XidWatch;
  #provider: Provider | undefined;
  /** Batch sizes that each recipe was measured in. */
  readonly #measured = new Map<number, number>();

  constructor(options: GpuPoolOptions) {
    this.#options = options;
    this.#xids = new XidWatch({ onXid: (xid) => this.#suffer(xid), log: options.log });
  }

  /** The execution provider that was seen to run the networks. */
  get provider(): Provider | undefined {
    return this.#provider;
  }

  /** Without what lanes need of them. */
  get figures(): Omit<BrokerFigures['gpus'][number], 'load'>[] {
    return this.#cards.map(({ figures }) => ({ ...figures, card: cardOf(this.#seen, figures.device) }));
  }

  /**
   * Starts all workers; frames are swapped from the first one on. Of each GPU one must start.
   * @throws GatewayError as `GpuRunner.start`
   */
  async start(): Promise<void> {
    if (usesCuda(this.#options.gpu)) {
      await this.#readCards();
      this.#xids.start();
    }
    this.#cards = this.#options.gpu.devices.map((device, index) => this.#card(device, index));
    // Alone at first, so that nothing disturbs what it measures.
    await this.#cards[0]!.start();
    await Promise.all(this.#cards.slice(1).map((card) => card.start()));
    await Promise.all(this.#cards.map((card) => card.startOthers()));
    await this.#measureTogether();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#reading);
    this.#xids.close();
    await Promise.all(this.#cards.map((card) => card.close()));
  }

  #card(device: number, index: number): GpuCard {
    const { gpu, clock, log, dispatcher } = this.#options;
    const first = index * placesOn(gpu);
    return new GpuCard({
      device,
      uuid: this.#seen.find((card) => card.index === device)?.uuid,
      gpu,
      onReady: (place, running) => this.#ready(first + place, running),
      onWork: (place, works) => dispatcher.employ(first + place, works),
      onGone: (place) => dispatcher.leave(first + place),
      // Where lanes are and nobody works, nobody can be spared.
      load: () => (dispatcher.lanes === 0 ? 0 : (dispatcher.loadOf(index) ?? Infinity)),
      clock,
      log,
    });
  }

  async #readCards(): Promise<void> {
    const { cards, reason } = await readGpuCards();
    if (reason !== undefined) this.#options.log.warn({ reason }, 'GPUs cannot be read');
    this.#seen = cards;
    this.#reading ??= setInterval(() => void this.#readCards(), READ_EVERY);
  }

  #suffer(xid: Xid): void {
    const index = this.#seen.find(({ busId }) => isAt(busId, xid))?.index;
    for (const card of this.#cards) if (card.device === index) card.suffer(xid);
  }

  #ready(worker: number, running: GpuRunner): void {
    const { dispatcher, gpu } = this.#options;
    dispatcher.enter(worker, running);
    for (const loaded of running.loaded) {
      const recipe = gpu.recipes.findIndex(({ name }) => name === loaded.recipe);
      if (recipe < 0) continue;
      this.#learn(recipe, loaded);
      const sizes = loaded.table.map(({ batch }) => batch);
      dispatcher.fills(worker, recipe, sizes);
    }
  }

  // What later workers measure is disturbed by those at work; the table follows by itself what batches take.
  #learn(recipe: number, loaded: GpuLoaded): void {
    this.#provider = loaded.provider;
    if (loaded.table.length <= (this.#measured.get(recipe) ?? 0)) return;
    this.#measured.set(recipe, loaded.table.length);
    this.#take(recipe, loaded, 1);
  }

  /** Puts into the table what a recipe's batches take, with its enhancer and without, while so many workers are busy. */
  #take(recipe: number, { table, plainTable }: GpuLoaded, busy: number): void {
    const { costs, gpu, dispatcher } = this.#options;
    costs.profile({ recipe, busy, table });
    if (plainTable) costs.profile({ recipe: plainNumber(variantsOf(gpu.recipes), recipe), busy, table: plainTable });
    dispatcher.measured();
  }

  /**
   * What batches take while several workers of a GPU are at work, which admission counts on. Only of the first GPU, and not
   * while frames are waiting, as after the broker itself was replaced.
   */
  async #measureTogether(): Promise<void> {
    const { dispatcher, gpu, log } = this.#options;
    const running = this.#cards[0]!.working;
    for (let busy = 2; busy <= running.length; busy++) {
      for (const [recipe, { name }] of gpu.recipes.entries()) {
        if (dispatcher.lanes > 0) return;
        try {
          const measured = await Promise.all(running.slice(0, busy).map((one) => one.profile(name)));
          this.#take(recipe, measured[0]!, busy);
        } catch (error) {
          log.warn({ err: error, recipe: name, busy }, 'workers could not be measured together');
          return;
        }
      }
    }
  }
}

function cardOf(cards: readonly GpuCardFigures[], device: number): BrokerFigures['gpus'][number]['card'] {
  const card = cards.find(({ index }) => index === device);
  if (card === undefined) return null;
  const { utilisation, memoryUsed, memoryTotal, temperature, throttled } = card;
  return {
    utilisation: utilisation === null ? null : utilisation / 100,
    memoryUsedBytes: memoryUsed,
    memoryTotalBytes: memoryTotal,
    temperature,
    throttled: throttled.length > 0,
  };
}
