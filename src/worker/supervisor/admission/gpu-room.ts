import { GatewayError } from '../../../errors.ts';
import { admitToGpu } from '../../../schedule/gpu-admission.ts';
import type { BrokerFigures } from '../../wire/broker-control.ts';

/** What a session asks of the swap networks. */
export interface NetworkNeed {
  readonly recipe: string;
  /** Faces a second. */
  readonly faces: number;
  /** Share of them that its enhancer is run on, if it has one. */
  readonly enhanced: number;
}

/** Of the broker's figures, what admission looks at. */
export interface MeasuredGpus {
  readonly gpus: readonly Pick<BrokerFigures['gpus'][number], 'load'>[];
  readonly recipes: readonly Pick<
    BrokerFigures['recipes'][number],
    'name' | 'facesPerSecond' | 'plainFacesPerSecond'
  >[];
}

/** Why a session is not let in. */
export interface Refusal {
  readonly error: GatewayError;
  /** Nor if all others left. */
  readonly never?: true;
}

/** Says whether the GPUs carry a session beside those that are there. */
export class GpuRoom {
  readonly #figures: () => MeasuredGpus | undefined;

  /** @param figures of the broker; `undefined` while there is none */
  constructor(figures: () => MeasuredGpus | undefined) {
    this.#figures = figures;
  }

  /**
   * Undefined if it fits; else capacity_full, or worker_lost while it is not known what the GPUs can do.
   * @param others all sessions that are there, also those that the broker has not heard of yet
   */
  refusal(need: NetworkNeed, others: readonly NetworkNeed[]): Refusal | undefined {
    const figures = this.#figures();
    const load = loadOf(need, figures);
    const loads = figures === undefined ? [] : loadsNow(figures, others);
    if (load === 0 || loads.length === 0) {
      return { error: new GatewayError('worker_lost', 'the swap networks must be ready; try again in a moment') };
    }
    const verdict = admitToGpu(load, loads);
    if (verdict === 'fits') return undefined;
    const error = new GatewayError('capacity_full', 'all places on the GPUs are taken; try again later');
    return verdict === 'never' ? { error, never: true } : { error };
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
function loadOf({ recipe, faces, enhanced }: NetworkNeed, figures: MeasuredGpus | undefined): number {
  const { facesPerSecond: whole = 0, plainFacesPerSecond: plain = whole } =
    figures?.recipes.find(({ name }) => name === recipe) ?? {};
  if (whole === 0) return 0;
  return faces * (enhanced / whole + (1 - enhanced) / plain) * figures!.gpus.length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
