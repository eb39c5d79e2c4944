import { transactionKey } from './stun/stun.ts';

/** Checks that are remembered; a browser sends one each 2.5 s, and some dozens while it connects. */
const MAXIMUM_CHECKS = 1024;

/**
 * From where the peer's checks came first. They go in the clear, and where a lite agent gets one is where it sends media to:
 * whoever sees a check must not be able to turn media to himself, or to nowhere, by sending it again from elsewhere.
 */
export class SeenChecks {
  readonly #senders = new Map<string, string>();

  /** False if a check of this transaction has come from another sender. */
  admits(transaction: Buffer, sender: string): boolean {
    const key = transactionKey(transaction);
    const known = this.#senders.get(key);
    if (known !== undefined) return known === sender;
    if (this.#senders.size >= MAXIMUM_CHECKS) this.#forgetOldest();
    this.#senders.set(key, sender);
    return true;
  }

  #forgetOldest(): void {
    const oldest = this.#senders.keys().next().value;
    if (oldest !== undefined) this.#senders.delete(oldest);
  }
}
