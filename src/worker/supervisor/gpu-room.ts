import { GatewayError } from '../../errors.ts';
import { admitToGpu } from '../../schedule/gpu-admission.ts';
import type { Clock, Milli } from '../../time.ts';
import type { BrokerFigures } from '../wire/broker-control.ts';

/** Refused sessions that are remembered: those after them are sent away for longest all the same. */
const MOST_AWAITED = 64;

/** What a session asks of the swap networks. */
export interface NetworkNeed {
  readonly recipe: string;
  /** Faces a second. */
  readonly faces: number;
}

/** Of the broker's figures, what admission looks at. */
export interface MeasuredGpus {
  readonly gpus: readonly Pick<BrokerFigures['gpus'][number], 'load'>[];
  readonly recipes: readonly Pick<BrokerFigures['recipes'][number], 'name' | 'facesPerSecond'>[];
}

export interface GpuRoomOptions {
  /** Of the broker; `undefined` while there is none. */
  readonly figures: () => MeasuredGpus | undefined;
  readonly clock: Clock;
}

/** Lets sessions in that the GPUs carry beside those that are there, and tells others when to come back. */
export class GpuRoom {
  readonly #options: GpuRoomOptions;
  /** When those who were refused are to come back. */
  #awaited: Milli[] = [];

  constructor(options: GpuRoomOptions) {
    this.#options = options;
  }

  /**
   * @param others all sessions that are there, also those that the broker has not heard of yet
   * @throws GatewayError capacity_full; worker_lost while it is not known what the GPUs can do
   */
  admit(need: NetworkNeed, others: readonly NetworkNeed[]): void {
    const figures = this.#options.figures();
    const load = loadOf(need, figures);
    const loads = figures === undefined ? [] : loadsNow(figures, others);
    if (load === 0 || loads.length === 0) {
      throw new GatewayError('worker_lost', 'the swap networks must be ready; try again in a moment');
    }
    const now = this.#options.clock.now();
    this.#awaited = this.#awaited.filter((at) => at > now);
    const verdict = admitToGpu(load, { loads, awaited: this.#awaited.length });
    if (verdict.kind === 'accept') return;
    const { retryAfter } = verdict;
    if (this.#awaited.length < MOST_AWAITED) this.#awaited.push(now + retryAfter);
    throw new GatewayError('capacity_full', 'all places on the GPUs are taken; try again later', { retryAfter });
  }
}

/**
 * Load of each GPU that works. The broker's figures may be seconds old: sessions that they lack go where their lanes will, to the
 * GPU with least load; of those that have left since, each GPU is taken to have had its share.
 */
function loadsNow(figures: MeasuredGpus, others: readonly NetworkNeed[]): number[] {
  const loads = figures.gpus.flatMap(({ load }) => load ?? []);
  if (loads.length === 0) return [];
  const shares = others.map((other) => loadOf(other, figures));
  const told = sum(loads);
  let missing = sum(shares) - told;
  if (missing < 0) return loads.map((load) => load * (1 + missing / told));
  // Which of them are missing is not known: most likely those that came last.
  for (const share of shares.reverse()) {
    const part = Math.min(share, missing);
    loads[loads.indexOf(Math.min(...loads))]! += part;
    missing -= part;
  }
  return loads;
}

/** Share of one GPU; 0 while its recipe is not profiled. */
function loadOf({ recipe, faces }: NetworkNeed, figures: MeasuredGpus | undefined): number {
  const rate = figures?.recipes.find(({ name }) => name === recipe)?.facesPerSecond ?? 0;
  return rate > 0 ? (faces / rate) * figures!.gpus.length : 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
