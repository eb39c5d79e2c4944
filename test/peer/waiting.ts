import { PATIENCE } from '../support/patience.ts';

/** Waits for what is told. */
export class Waiting {
  readonly #describe: () => string;
  #wake: (() => void)[] = [];

  /** @param describe what stands when nothing more comes */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  /** Resolves when `condition` holds; it is asked again at every `notify`. Rejects after `PATIENCE`. */
  async until(condition: () => boolean): Promise<void> {
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      this.notify();
    }, PATIENCE.timeout);
    try {
      while (!condition()) {
        if (late) throw new Error(`what is waited for must come [condition:${condition}] ${this.#describe()}`);
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    } finally {
      clearTimeout(limit);
    }
  }

  notify(): void {
    for (const resolve of this.#wake.splice(0)) resolve();
  }
}
