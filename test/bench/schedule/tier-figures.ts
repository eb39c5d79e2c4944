import type { TierOptions } from '../../../src/schedule/scheduler-options.ts';
import { round } from '../quantile.ts';
import { guisePolicy } from './policies/guise-policy.ts';
import { measure } from './measure.ts';
import { bestRate, PROFILES } from './profiles.ts';
import { simulate } from './simulate.ts';
import { makeTrace } from './trace.ts';

/** Free and paid: what is left over goes to paid four to one, and 6 tenths are paid's in any case. */
const TIERS: readonly TierOptions[] = [{ weight: 1 }, { weight: 4, reserved: 0.6 }];
const PAID_LOAD = 0.45;
const FREE_LOADS = [0.3, 3] as const;

/** Share of the paid tier's frames in time while the free tier asks for little, and for three times what the GPU can do. */
export interface TierFigures {
  readonly profile: string;
  readonly budget: number;
  readonly beside: number;
  readonly besideThrice: number;
  /** Free tier under three times the load: goodput ÷ what paid leaves, worst stream ÷ mean. */
  readonly freeOnTime: number;
  readonly freeWorst: number;
}

export function tierFigures(): TierFigures[] {
  return [1000 / 30, 80].flatMap((budget) => Object.keys(PROFILES).map((profile) => figuresOf(profile, budget)));
}

function figuresOf(profile: string, budget: number): TierFigures {
  const times = PROFILES[profile]!;
  const streamsAt = (load: number): number => Math.max(1, Math.floor((load * bestRate(times) * 1000) / 30));
  const paid = streamsAt(PAID_LOAD);
  const [little, much] = FREE_LOADS.map((load) => {
    const trace = makeTrace({
      streams: paid + streamsAt(load),
      seconds: 4,
      seed: 3,
      budget,
      tier: (stream) => (stream < paid ? 1 : 0),
    });
    const batches = simulate(trace.jobs, guisePolicy(trace, { times, tiers: TIERS }), { times });
    return {
      paid: measure(trace.jobs, batches, (stream) => stream < paid).onTime,
      free: measure(trace.jobs, batches, (stream) => stream >= paid),
    };
  });
  return {
    profile,
    budget: round(budget, 1),
    beside: round(little!.paid, 4),
    besideThrice: round(much!.paid, 4),
    freeOnTime: round(much!.free.onTime, 4),
    freeWorst: round(much!.free.worst, 3),
  };
}
