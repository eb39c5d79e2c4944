import { writeFileSync } from 'node:fs';
import { round } from '../quantile.ts';
import { makeCases, type Case } from './cases.ts';
import { decisionCost, type DecisionCost } from './decision-cost.ts';
import { guisePolicy } from './policies/guise-policy.ts';
import { measure, type Figures } from './measure.ts';
import { fluidBound, isAgreeable, optimum } from './optimum.ts';
import { plot } from './plot.ts';
import { BASELINES } from './policies/baselines.ts';
import { simulate } from './simulate.ts';
import { tierFigures, type TierFigures } from './tier-figures.ts';

/** How a policy did in a case. */
export interface Score {
  /** Crops done in time ÷ what can be done at most. */
  readonly goodput: number;
  readonly worst: number;
  readonly gapStrides: number;
  readonly wasted: number;
  /** Share of frames done in time. */
  readonly onTime: number;
  /** Release to result, ms. */
  readonly p50: number;
  readonly p99: number;
  /** Waited beyond the batch before it, ms, 99 of a hundred frames no longer. */
  readonly ownP99: number;
}

export interface CaseScore extends Score {
  readonly kind: string;
  readonly profile: string;
  readonly load: number;
  readonly noise: boolean;
  readonly spikes: boolean;
  readonly streams: number;
  /** What goodput is held against. */
  readonly bound: 'optimum' | 'fluid';
  readonly baselines: Readonly<Record<string, Score>>;
}

export interface ScheduleFigures {
  readonly cases: readonly CaseScore[];
  readonly tiers: readonly TierFigures[];
  readonly decisionNs: DecisionCost;
  readonly decisionNsInOverload: DecisionCost;
}

/** Runs all cases with the scheduler and with each baseline. `long`: traces ten times as long. `plot`: an SVG of it is written there. */
export function benchSchedule({ long, plot: path }: { long: boolean; plot: string | undefined }): ScheduleFigures {
  // First, while the heap is small and nothing else was compiled for these classes.
  const decisionNs = decisionCost(0.9);
  const decisionNsInOverload = decisionCost(1.5);
  const cases = Array.from(makeCases(long ? 10 : 1), scoreCase);
  const figures = { cases, tiers: tierFigures(), decisionNs, decisionNsInOverload };
  if (path !== undefined) writeFileSync(path, plot(cases));
  return figures;
}

function scoreCase(one: Case): CaseScore {
  const { kind, profile, load, times, noise, gpus, trace } = one;
  const { jobs } = trace;
  const exact = gpus === 1 && isAgreeable(jobs);
  const most = exact ? optimum(jobs, times) : fluidBound(jobs, times, gpus);
  const options = { times, gpus, ...(noise && { noise }) };
  const score = (policy: Parameters<typeof simulate>[1]): Score =>
    scoreOf(measure(jobs, simulate(jobs, policy, options)), most);
  const baselines: Record<string, Score> = {};
  for (const [name, make] of Object.entries(BASELINES)) baselines[name] = score(make(jobs, times));
  const own = score(guisePolicy(trace, { times, gpus, spread: noise ? 2.33 * noise.deviation : 0 }));
  const streams = new Set(jobs.map(({ stream }) => stream)).size;
  const spikes = (noise?.spikes ?? 0) > 0;
  return {
    kind,
    profile,
    load,
    noise: noise !== undefined,
    spikes,
    streams,
    bound: exact ? 'optimum' : 'fluid',
    ...own,
    baselines,
  };
}

function scoreOf(figures: Figures, most: number): Score {
  const { crops, worst, gapStrides, wasted, onTime, p50, p99, ownP99 } = figures;
  return {
    goodput: round(crops / Math.max(1, most), 4),
    worst: round(worst, 3),
    gapStrides: round(gapStrides),
    wasted: round(wasted, 4),
    onTime: round(onTime, 4),
    p50: round(p50, 1),
    p99: round(p99, 1),
    ownP99: round(ownP99, 3),
  };
}
