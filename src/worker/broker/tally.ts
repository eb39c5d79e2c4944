import type { FrameEnd } from '../wire/broker-protocol.ts';
import type { BrokerFigures } from '../wire/broker-control.ts';
import type { Milli } from '../../time.ts';

/** Tenants that are counted by name; further ones are counted together. */
const MAXIMUM_NAMED = 256;

/** What the broker counts, since it started. */
export class Tally {
  readonly #ends = new Map<FrameEnd, number>();
  readonly #batches = new Map<number, number>();
  readonly #spent = new Map<string, { tier: string; tenant: string; milliseconds: Milli }>();
  #offered = 0;
  #onTime = 0;

  offered(): void {
    this.#offered++;
  }

  /** A frame ended. @param inTime whether that was by its deadline */
  ended(end: FrameEnd, inTime: boolean): void {
    this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1);
    if (end === 'swapped' && inTime) this.#onTime++;
  }

  /** A batch of so many crops was run. */
  batch(crops: number): void {
    this.#batches.set(crops, (this.#batches.get(crops) ?? 0) + 1);
  }

  /** Time of a GPU worker that went into a tenant's frames. */
  spent(tier: string, tenant: string, milliseconds: Milli): void {
    const key = `${tier} ${tenant}`;
    let entry = this.#spent.get(key);
    if (entry === undefined) {
      if (this.#spent.size >= MAXIMUM_NAMED && tenant !== '') return this.spent(tier, '', milliseconds);
      this.#spent.set(key, (entry = { tier, tenant, milliseconds: 0 }));
    }
    entry.milliseconds += milliseconds;
  }

  toFigures(): Pick<BrokerFigures, 'offered' | 'onTime' | 'ends' | 'batches' | 'spent'> {
    return {
      offered: this.#offered,
      onTime: this.#onTime,
      ends: Object.fromEntries(this.#ends),
      batches: Object.fromEntries(this.#batches),
      spent: [...this.#spent.values()].map((entry) => ({ ...entry })),
    };
  }
}
