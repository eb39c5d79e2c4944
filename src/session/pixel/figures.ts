import type { Drops } from '../../schedule/drop.ts';
import type { Milli } from '../../time.ts';
import type { Outcome, PixelFigures } from '../pixel.ts';
import type { Station } from '../statistics.ts';
import type { LadderStep } from './ladder.ts';

interface Sum {
  total: Milli;
  count: number;
}

/** Counts what a session's pixel half does. */
export class FigureCounts {
  readonly drops: Drops;
  readonly #outcomes: Record<Outcome, number> = { swapped: 0, reused: 0, hidden: 0, clear: 0 };
  readonly #stations = new Map<Station, Sum>();
  width = 0;
  height = 0;
  faces = 0;
  level = 0;
  /** Milliseconds of GPU workers. */
  gpu: Milli = 0;
  #sent: Omit<LadderStep, 'frameRate'> = { width: 0, height: 0, frameRateLimit: Infinity };
  #decoded = 0;
  #held = 0;

  constructor(drops: Drops) {
    this.drops = drops;
  }

  decoded(): void {
    this.#decoded++;
  }

  sent(outcome: Outcome, step: LadderStep): void {
    this.#outcomes[outcome]++;
    this.#sent = step;
  }

  held(): void {
    this.#held++;
  }

  took(station: Station, duration: Milli): void {
    const sum = this.#stations.get(station);
    if (sum) {
      sum.total += duration;
      sum.count++;
    } else this.#stations.set(station, { total: duration, count: 1 });
  }

  /** What is told each second: counts since the start, station means since the last call. */
  read(): PixelFigures {
    const stations: Partial<Record<Station, Milli>> = {};
    let worked: Milli = 0;
    for (const [station, { total, count }] of this.#stations) {
      stations[station] = total / count;
      worked += total;
    }
    this.#stations.clear();
    return {
      width: this.width,
      height: this.height,
      sentWidth: this.#sent.width,
      sentHeight: this.#sent.height,
      frameRateLimit: this.#sent.frameRateLimit === Infinity ? null : this.#sent.frameRateLimit,
      decoded: this.#decoded,
      ...this.#outcomes,
      held: this.#held,
      faces: this.faces,
      level: this.level,
      gpu: this.gpu,
      drops: this.drops.toRecord(),
      worked,
      stations,
    };
  }
}
