import type { Milli } from '../../time.ts';

/** Load that a tenant may save up while it asks for less, as a share of a second. */
const BURST = 0.25;

interface Allowance {
  lanes: number;
  crops: number;
  at: Milli;
}

/** Most crops a second of all lanes of one tenant: a bucket each, that fills steadily. Tenant 0 is nobody's and has no cap. */
export class TenantCaps {
  readonly #rate: number;
  readonly #allowances = new Map<number, Allowance>();

  /** @param rate crops a second; Infinity: no cap */
  constructor(rate: number) {
    this.#rate = rate;
  }

  open(tenant: number): void {
    if (tenant === 0 || this.#rate === Infinity) return;
    const allowance = this.#allowances.get(tenant);
    if (allowance) allowance.lanes++;
    else this.#allowances.set(tenant, { lanes: 1, crops: this.#rate * BURST, at: -Infinity });
  }

  close(tenant: number): void {
    const allowance = this.#allowances.get(tenant);
    if (allowance && --allowance.lanes === 0) this.#allowances.delete(tenant);
  }

  /** Takes a frame's crops from what the tenant may have; false if that is used up. */
  admits(tenant: number, crops: number, now: Milli): boolean {
    if (tenant === 0) return true;
    const allowance = this.#allowances.get(tenant);
    if (!allowance) return true;
    const most = Math.max(crops, this.#rate * BURST);
    const since = allowance.at === -Infinity ? 0 : now - allowance.at;
    allowance.at = now;
    allowance.crops = Math.min(most, allowance.crops + (since / 1000) * this.#rate);
    if (allowance.crops < crops) return false;
    allowance.crops -= crops;
    return true;
  }
}
