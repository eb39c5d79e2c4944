import { STATIONS, type Station } from '../../../src/session/statistics.ts';
import { monotonic } from '../../../src/time.ts';
import { mean, quantile } from '../quantile.ts';

/** What the metrics said at an instant, since the gateway's start. */
interface Reading {
  readonly at: number;
  readonly busy: number;
  readonly frames: number;
  readonly stations: Readonly<Record<string, number>>;
}

/** What the gateway's own stations (decode, track, swap, composite, encode) take a frame, from its metrics, each second. */
export class StationTimes {
  readonly #url: string;
  readonly #means: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #first: Reading | undefined;
  #last: Reading | undefined;

  /** @param gateway e.g. `http://127.0.0.1:8080` */
  constructor(gateway: string) {
    this.#url = `${gateway}/metrics`;
  }

  start(): void {
    void this.#sample();
    this.#timer = setInterval(() => void this.#sample(), 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Median over the seconds of the mean milliseconds a frame; NaN if the gateway does not tell. */
  get median(): number {
    return quantile(this.#means, 0.5);
  }

  get mean(): number {
    return mean(this.#means);
  }

  /** Seconds a second that each station took, all sessions together. */
  get cores(): Partial<Record<Station, number>> {
    const [first, last] = [this.#first, this.#last];
    if (!first || !last || first === last) return {};
    const cores: Partial<Record<Station, number>> = {};
    for (const station of STATIONS) {
      cores[station] = (last.stations[station]! - first.stations[station]!) / (last.at - first.at);
    }
    return cores;
  }

  async #sample(): Promise<void> {
    const text = await (await fetch(this.#url)).text();
    const stations = Object.fromEntries(
      STATIONS.map((station) => [station, sumOf(text, `guise_pixel_busy_milliseconds_total{station="${station}"}`)]),
    );
    const now: Reading = {
      at: monotonic.now(),
      busy: sumOf(text, 'guise_pixel_busy_milliseconds_total'),
      frames: sumOf(text, 'guise_frames_total'),
      stations,
    };
    this.#first ??= now;
    const frames = now.frames - (this.#last?.frames ?? Infinity);
    if (frames > 0) this.#means.push((now.busy - this.#last!.busy) / frames);
    this.#last = now;
  }
}

/** The sum of a metric over its labels, or that of one label set, in Prometheus' text format. */
export function sumOf(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}
