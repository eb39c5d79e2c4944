import { Presets, SingleBar } from 'cli-progress';
import { monotonic, type Milli } from '../time.ts';
import type { Terminal } from './terminal.ts';

/** Time between two lines where there is no terminal to draw a bar on. */
const LINE_PERIOD: Milli = 5_000;

/** What is counted, and how it is told. */
interface Unit {
  readonly name: string;
  readonly rate: string;
  /** So much of what is counted is one of it. */
  readonly size: number;
}
const UNITS = {
  frames: { name: 'frames', rate: 'fps', size: 1 },
  bytes: { name: 'MB', rate: 'MB/s', size: 1e6 },
} as const satisfies Record<string, Unit>;

export interface ProgressBarOptions {
  readonly unit: keyof typeof UNITS;
  /** All of it; undefined where nobody knows. */
  readonly total: number | undefined;
  /** What is there already. */
  readonly done?: number;
}

/** How far a piece of work is, with its rate: a bar on a terminal, else a line now and then. */
export class ProgressBar {
  readonly #bar: SingleBar;
  readonly #unit: Unit;
  readonly #started = monotonic.now();
  readonly #before: number;
  #done: number;

  constructor(terminal: Terminal, { unit, total, done = 0 }: ProgressBarOptions) {
    this.#unit = UNITS[unit];
    this.#before = done;
    this.#done = done;
    const { name, rate } = this.#unit;
    const format =
      total === undefined
        ? `{done} ${name} | {rate} ${rate}`
        : `{bar} {percentage} % | {done} of {all} ${name} | {rate} ${rate} | {eta_formatted} left`;
    this.#bar = new SingleBar(
      { format, stream: terminal.err, fps: 5, noTTYOutput: true, notTTYSchedule: LINE_PERIOD, hideCursor: true },
      Presets.shades_classic,
    );
    this.#bar.start(total ?? 1, done, { rate: '–', done: this.#whole(done), all: this.#whole(total ?? 1) });
  }

  /** A second, since the start. */
  get rate(): number {
    return ((this.#done - this.#before) * 1000) / this.#unit.size / Math.max(1, monotonic.now() - this.#started);
  }

  step(): void {
    this.reach(this.#done + 1);
  }

  /** So much is done. */
  reach(done: number): void {
    this.#done = done;
    // What a file says about its length need not be true.
    if (done > this.#bar.getTotal()) this.#bar.setTotal(done);
    this.#bar.update(done, this.#told(this.rate.toFixed(1)));
  }

  stop(): void {
    this.#bar.stop();
  }

  #told(rate: string): Record<string, string> {
    return { rate, done: this.#whole(this.#done), all: this.#whole(this.#bar.getTotal()) };
  }

  #whole(count: number): string {
    return String(Math.floor(count / this.#unit.size));
  }
}
