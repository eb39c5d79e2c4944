import { GatewayError } from '../../errors.ts';
import { USABLE_GPU } from '../../schedule/gpu-admission.ts';
import type { BrokerFigures } from '../wire/broker-control.ts';

/** What a session asks of the swap networks. */
export interface NetworkNeed {
  readonly recipe: string;
  /** Faces a second. */
  readonly faces: number;
}

/** Of the broker's figures, what admission looks at. */
type Measured = Pick<BrokerFigures, 'recipes'>;

/**
 * Lets a session in if the GPUs carry it beside those that are there, by the best rate that was measured of each recipe. Pure.
 * @param figures of the broker, `undefined` while there is none
 * @throws GatewayError capacity_full; worker_lost while it is not known what the GPUs can do
 */
export function admitToGpus(need: NetworkNeed, others: Iterable<NetworkNeed>, figures: Measured | undefined): void {
  const rate = rateOf(need, figures);
  if (figures === undefined || rate === 0) {
    throw new GatewayError('worker_lost', 'the swap networks must be ready; try again in a moment');
  }
  let load = need.faces / rate;
  for (const other of others) {
    const of = rateOf(other, figures);
    if (of > 0) load += other.faces / of;
  }
  if (load > USABLE_GPU) throw new GatewayError('capacity_full', 'all places on the GPUs are taken; try again later');
}

function rateOf({ recipe }: NetworkNeed, figures: Measured | undefined): number {
  return figures?.recipes.find(({ name }) => name === recipe)?.facesPerSecond ?? 0;
}
