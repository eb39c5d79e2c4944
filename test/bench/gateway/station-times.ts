import { mean, quantile } from '../quantile.ts';

/** What the gateway's own stations (decode, track, swap, composite, encode) take a frame, from its metrics, each second. */
export class StationTimes {
  readonly #url: string;
  readonly #means: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #last: { readonly busy: number; readonly frames: number } | undefined;

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

  async #sample(): Promise<void> {
    const text = await (await fetch(this.#url)).text();
    const now = { busy: sumOf(text, 'guise_pixel_busy_milliseconds_total'), frames: sumOf(text, 'guise_frames_total') };
    const frames = now.frames - (this.#last?.frames ?? Infinity);
    if (frames > 0) this.#means.push((now.busy - this.#last!.busy) / frames);
    this.#last = now;
  }
}

/** The sum of a metric over its labels, in Prometheus' text format. */
function sumOf(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}
