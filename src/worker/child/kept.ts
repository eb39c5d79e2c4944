import type { Logger } from '../../log.ts';
import type { Clock, Milli } from '../../time.ts';
import { RestartPause } from './restart-pause.ts';

/** What can be kept running. */
export interface Running {
  readonly pid: number | undefined;
  /** Ends it at once; `onLost` follows. */
  kill(): void;
  /** Ends it in an orderly way; `onLost` does not follow. */
  close(): Promise<void>;
}

export interface KeptOptions<Kind extends Running> {
  /** For the log: what it is, e.g. `broker`. */
  readonly what: string;
  /** Starts one. `onLost` is called once if it ends by itself after that. @throws GatewayError */
  readonly start: (onLost: (reason: string) => void) => Promise<Kind>;
  /** One is ready, or no longer. */
  readonly onChange: (running: Kind | undefined) => void;
  /** Before one that was lost, or did not start, is started again. */
  readonly pause: { readonly first: Milli; readonly longest: Milli };
  readonly clock: Clock;
  readonly log: Logger;
}

type State<Kind> =
  | { readonly name: 'starting' }
  | { readonly name: 'running'; readonly running: Kind; readonly since: Milli }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly name: 'closed' };

/** A place that holds one running child, whatever becomes of it. Owns the child. */
export class Kept<Kind extends Running> {
  readonly #options: KeptOptions<Kind>;
  readonly #pause: RestartPause;
  #state: State<Kind> = { name: 'starting' };
  #replaced = 0;
  #lost: string | null = null;

  constructor(options: KeptOptions<Kind>) {
    this.#options = options;
    this.#pause = new RestartPause(options.pause);
  }

  /** The one that is ready, if there is one now. */
  get running(): Kind | undefined {
    return this.#state.name === 'running' ? this.#state.running : undefined;
  }

  get state(): State<Kind>['name'] {
    return this.#state.name;
  }

  /** How often one was lost or did not start. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Why the last one was lost; null before that. */
  get lost(): string | null {
    return this.#lost;
  }

  /** Starts the first one. @throws GatewayError if that fails; it is not tried again then */
  async start(): Promise<void> {
    const { what, start, onChange, clock, log } = this.#options;
    this.#state = { name: 'starting' };
    const running = await start((reason) => {
      log.error({ child: running.pid, reason, what }, 'child lost');
      this.#lost = reason;
      if (this.running === running) this.#again();
    });
    if (this.#isClosed()) return running.close();
    log.info({ child: running.pid, what }, 'child ready');
    this.#state = { name: 'running', running, since: clock.now() };
    onChange(running);
  }

  /** Starts the first one, and goes on trying if that fails. */
  async startInTime(): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      this.#options.log.error({ err: error, what: this.#options.what }, 'child does not start');
      this.#again();
    }
  }

  /** Idempotent. The child is gone when it settles. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { name: 'closed' };
    if (state.name === 'waiting') clearTimeout(state.timer);
    if (state.name === 'running') await state.running.close();
  }

  #again(): void {
    const state = this.#state;
    if (state.name === 'closed') return;
    const lived = state.name === 'running' ? this.#options.clock.now() - state.since : 0;
    this.#replaced++;
    this.#state = { name: 'waiting', timer: setTimeout(() => void this.startInTime(), this.#pause.next(lived)) };
    if (state.name === 'running') this.#options.onChange(undefined);
  }

  // Closing may have overtaken an await; the compiler remembers the state from before it.
  #isClosed(): boolean {
    return this.#state.name === 'closed';
  }
}
