import { quantile, round } from '../quantile.ts';
import { playRelayed } from './play-relayed.ts';
import { between, fairness, meanArrived, reachedAfter, type SpanFigures } from '../../link/figures.ts';
import { play, type Script } from '../../link/play.ts';
import { CAP, capped, shared, steady } from '../../link/scripts.ts';
import type { Milli } from '../../../src/time.ts';

/** Of the links in the scripts, kbit/s. */
const STEADY_RATE = 3000;
/** What is looked at from here on is the steady state. */
const SETTLED: Milli = 10_000;
const SEEDS = 5;

/**
 * The JSON of `bench congestion`: our own congestion control over links of 25 ms each way, its sender a model of an
 * encoder of 30 pictures a second; feedback is real. Without `--relay` time is virtual and each figure is the worst of
 * five seeds; with it, the packets of one run go in real time through UDP sockets and a relay in the same process.
 *
 * Three scripts: `steady`, alone on 3 Mbit/s with 300 ms of queue, 40 s; `capped`, a flow of at most 2.5 Mbit/s on a wide
 * link that is capped to 1 Mbit/s with 500 ms of queue from 8 s to 28 s; `shared`, two flows on 3 Mbit/s for 80 s.
 */
export interface CongestionFigures {
  /** Steady: ms until a second begins in which 85 % of the link's rate arrives. It starts from 0.8 Mbit/s. */
  readonly convergeMs: number;
  /** Steady: what arrives after 10 s over what the link carries. */
  readonly utilisation: number;
  /** Steady: the wait before the link of the packet that waits longest in each tenth of a second after 10 s. */
  readonly queueMs: { readonly p95: number };
  /** Shared: the smaller flow's share of what both get after 20 s; 0.5 is equal. */
  readonly fairness: number;
  /** Capped: ms from the end of the cap until a second begins in which 90 % of the rate before the cap arrives. */
  readonly recoverMs: number;
  /** Capped, in the cap. */
  readonly cap: {
    /** Ms until the estimate is below the cap. */
    readonly underMs: number;
    /** Share of the tenths of a second after 3 s in which some packet waited over 100 ms. */
    readonly queueOver100: number;
    /** What arrives after 10 s over the cap. */
    readonly utilisation: number;
  };
}

/** Plays the scripts and takes the figures. */
export async function benchCongestion(options: { readonly seed: number; readonly relay: boolean }) {
  const seeds = Array.from({ length: options.relay ? 1 : SEEDS }, (_, index) => options.seed + index);
  const runs: CongestionFigures[] = [];
  for (const seed of seeds) {
    const run = (script: Omit<Script, 'seed'>) => (options.relay ? playRelayed : play)({ ...script, seed });
    const alone = await run(steady(STEADY_RATE, 40_000));
    const cap = await run(capped(42_000));
    const two = await run(shared(80_000, 0));
    runs.push(figuresOf(alone, cap, two));
  }
  return worst(runs);
}

function figuresOf(alone: SpanFigures[], cap: SpanFigures[], two: SpanFigures[]): CongestionFigures {
  const settled = between(alone, SETTLED);
  const before = meanArrived(between(cap, CAP.from - 3000, CAP.from));
  const inCap = (after: Milli) => between(cap, CAP.from + after, CAP.to);
  const over = inCap(3000).filter(({ queue }) => queue > 100);
  const under = inCap(0).find(({ estimate }) => (estimate[0] ?? 0) < CAP.rate * 1000);
  return {
    convergeMs: reachedAfter(alone, 850 * STEADY_RATE, 0),
    utilisation: round(meanArrived(settled) / (1000 * STEADY_RATE), 3),
    queueMs: {
      p95: round(
        quantile(
          settled.map(({ queue }) => queue),
          0.95,
        ),
        0,
      ),
    },
    fairness: round(fairness(between(two, 20_000)), 3),
    recoverMs: reachedAfter(cap, 0.9 * before, CAP.to),
    cap: {
      underMs: (under?.at ?? Infinity) - CAP.from,
      queueOver100: round(over.length / inCap(3000).length, 3),
      utilisation: round(meanArrived(inCap(SETTLED)) / (1000 * CAP.rate), 3),
    },
  };
}

function worst(runs: readonly CongestionFigures[]): CongestionFigures {
  const most = (figure: (run: CongestionFigures) => number) => Math.max(...runs.map(figure));
  const least = (figure: (run: CongestionFigures) => number) => Math.min(...runs.map(figure));
  return {
    convergeMs: most(({ convergeMs }) => convergeMs),
    utilisation: least(({ utilisation }) => utilisation),
    queueMs: { p95: most(({ queueMs }) => queueMs.p95) },
    fairness: least((run) => run.fairness),
    recoverMs: most(({ recoverMs }) => recoverMs),
    cap: {
      underMs: most(({ cap }) => cap.underMs),
      queueOver100: most(({ cap }) => cap.queueOver100),
      utilisation: least(({ cap }) => cap.utilisation),
    },
  };
}
