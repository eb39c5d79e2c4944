import { GatewayError } from '../../../errors.ts';

/** How a caller waits for a place. */
export interface Waiting {
  /** From 1; told at once, at each change, and each time that the line is looked at, as a sign of life. Not when it is its turn. */
  readonly onPosition: (position: number) => void;
  /** It does not wait any more. */
  readonly signal: AbortSignal;
}

interface Waiter<Asked, Given> {
  readonly asked: Asked;
  readonly waiting: Waiting;
  resolve(given: Given): void;
  reject(error: unknown): void;
}

/** What is known when a waiter's turn is looked at: what it got, or that it goes on waiting, or that nothing will come of it. */
export type Turn<Given> = { readonly given: Given } | { readonly failed: GatewayError } | 'waits';

/** Callers who wait for a place, in the order in which they came. Bounded. */
export class WaitingLine<Asked, Given> {
  readonly #most: number;
  #waiters: Waiter<Asked, Given>[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#waiters.length;
  }

  get isFull(): boolean {
    return this.#waiters.length >= this.#most;
  }

  /** Settles when it is its turn. The line must not be full. @throws GatewayError closed once it does not wait any more */
  join(asked: Asked, waiting: Waiting): Promise<Given> {
    return new Promise((resolve, reject) => {
      if (waiting.signal.aborted) return reject(gone());
      const waiter = { asked, waiting, resolve, reject };
      this.#waiters.push(waiter);
      waiting.signal.addEventListener('abort', () => this.#leave(waiter), { once: true });
      this.#tell();
    });
  }

  /** Looks at everybody's turn, from the first on; those who are given something, or fail, leave. */
  serve(turn: (asked: Asked) => Turn<Given>): void {
    this.#waiters = this.#waiters.filter((waiter) => {
      const outcome = turn(waiter.asked);
      if (outcome === 'waits') return true;
      if ('given' in outcome) waiter.resolve(outcome.given);
      else waiter.reject(outcome.failed);
      return false;
    });
    this.#tell();
  }

  /** Nobody waits any more. */
  close(error: GatewayError): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }

  #leave(waiter: Waiter<Asked, Given>): void {
    if (!this.#waiters.includes(waiter)) return;
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    waiter.reject(gone());
    this.#tell();
  }

  #tell(): void {
    for (const [index, { waiting }] of this.#waiters.entries()) waiting.onPosition(index + 1);
  }
}

function gone(): GatewayError {
  return new GatewayError('closed', 'the caller must go on waiting for its place');
}
