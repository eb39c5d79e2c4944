import { BEAT, Pulse } from './pulse.ts';
import { CAUSE, type SessionEvent } from './session-state.ts';

/** Where the browser tells what network it is on (https://wicg.github.io/netinfo/); on desktops without `type`. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

/** What happens around a call: sleep, silence, another network. */
export class Surroundings {
  readonly #pulse = new Pulse(() => ({ wall: Date.now(), monotonic: performance.now() }));
  readonly #off = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #tell: (event: SessionEvent) => void;

  /** @param tell hears of what a call may not outlast, until `close`. */
  constructor(tell: (event: SessionEvent) => void) {
    this.#tell = tell;
    this.#timer = setInterval(() => this.#beat(), BEAT);
    const { signal } = this.#off;
    const changed = (): void => tell({ name: 'hint', cause: CAUSE.network });
    addEventListener('online', changed, { signal });
    addEventListener('offline', changed, { signal });
    const { connection } = navigator as { connection?: NetworkInformation };
    let type = connection?.type;
    // The event also tells of mere estimates of its speed.
    connection?.addEventListener('change', () => type !== (type = connection.type) && changed(), { signal });
    // Its timers may take a second to come back.
    for (const name of ['visibilitychange', 'resume']) document.addEventListener(name, () => this.#beat(), { signal });
  }

  /** The gateway said something. */
  heard(): void {
    this.#pulse.heard();
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#off.abort();
  }

  #beat(): void {
    const sign = this.#pulse.beat();
    if (sign === 'woke') this.#tell({ name: 'hint', cause: CAUSE.woke });
    else if (sign === 'silent') this.#tell({ name: 'silent' });
  }
}
