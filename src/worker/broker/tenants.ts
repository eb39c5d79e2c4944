/** Numbers for the tenants that have lanes, as the scheduler wants them. 0 is nobody's in particular. */
export class Tenants {
  readonly #numbers = new Map<string, { readonly number: number; lanes: number }>();
  readonly #free: number[] = [];
  #next = 1;

  /** A lane of this tenant opens. */
  join(name: string): number {
    if (name === '') return 0;
    let tenant = this.#numbers.get(name);
    if (tenant === undefined)
      this.#numbers.set(name, (tenant = { number: this.#free.pop() ?? this.#next++, lanes: 0 }));
    tenant.lanes++;
    return tenant.number;
  }

  /** A lane of this tenant has closed. */
  leave(name: string): void {
    const tenant = this.#numbers.get(name);
    if (tenant === undefined || --tenant.lanes > 0) return;
    this.#numbers.delete(name);
    this.#free.push(tenant.number);
  }
}
