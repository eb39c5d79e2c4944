import { Presets, SingleBar } from 'cli-progress';
import { monotonic, type Milli } from '../../time.ts';
import type { Terminal } from '../terminal.ts';

/** Time between two lines where there is no terminal to draw a bar on. */
const LINE_PERIOD: Milli = 5_000;

/** How far a video is, with its frame rate: a bar on a terminal, else a line now and then. */
export class ProgressBar {
  readonly #bar: SingleBar;
  readonly #started = monotonic.now();
  readonly #known: boolean;
  #frames = 0;

  /** @param total frames, undefined where nobody knows */
  constructor(terminal: Terminal, total: number | undefined) {
    this.#known = total !== undefined;
    const format = this.#known
      ? '{bar} {percentage} % | {value} of {total} frames | {rate} fps | {eta_formatted} left'
      : '{value} frames | {rate} fps';
    this.#bar = new SingleBar(
      { format, stream: terminal.err, fps: 5, noTTYOutput: true, notTTYSchedule: LINE_PERIOD, hideCursor: true },
      Presets.shades_classic,
    );
    this.#bar.start(total ?? 1, 0, { rate: '–' });
  }

  /** Frames a second since the start. */
  get rate(): number {
    return (this.#frames * 1000) / Math.max(1, monotonic.now() - this.#started);
  }

  step(): void {
    this.#frames++;
    // What a file says about its length need not be true.
    if (this.#frames > this.#bar.getTotal()) this.#bar.setTotal(this.#frames);
    this.#bar.update(this.#frames, { rate: this.rate.toFixed(1) });
  }

  stop(): void {
    this.#bar.stop();
  }
}
