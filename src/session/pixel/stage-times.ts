import { inTime } from '../../schedule/lane.ts';
import { StageCost } from '../../schedule/stage-cost.ts';
import type { Clock, Milli } from '../../time.ts';
import type { Station } from '../statistics.ts';
import type { FigureCounts } from './figures.ts';

/** Every stage after decoding is only begun if all that follow can be done by the deadline. */
const STAGES = ['decode', 'track', 'swap', 'paste', 'composite', 'encode'] as const;
export type Stage = (typeof STAGES)[number];

/** How long the stages take that a session's frames go through, and whether what is left of a frame's time is enough for them. */
export class StageTimes {
  readonly #cost = new StageCost(STAGES);
  readonly #clock: Clock;
  readonly #counts: Pick<FigureCounts, 'took'>;

  /** @param counts is told what each station took */
  constructor(clock: Clock, counts: Pick<FigureCounts, 'took'>) {
    this.#clock = clock;
    this.#counts = counts;
  }

  /** A frame's time at a station: told, and learned if it is a stage. */
  took(station: Station, duration: Milli): void {
    const stage = STAGES.find((each) => each === station);
    if (stage !== undefined) this.#cost.observe(stage, duration);
    this.#counts.took(station, duration);
  }

  /** What a stage took, where something else is told of it. */
  learn(stage: Stage, duration: Milli): void {
    this.#cost.observe(stage, duration);
  }

  /** What a stage and all that follow it are expected to take. */
  remaining(stage: Stage): Milli {
    return this.#cost.remaining(stage);
  }

  /** True if a stage and all that follow it can be done by then. */
  isInTime(stage: Stage, deadline: Milli): boolean {
    return inTime(this.#clock.now(), this.remaining(stage), deadline);
  }

  /** What was learned may be too high: a frame was refused for it. */
  doubt(): void {
    this.#cost.doubt();
  }
}
