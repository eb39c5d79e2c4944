import type { Milli } from '../../time.ts';

/** Fewer losses than this are chance, whatever their share. */
const ENOUGH = 3;
/** Packets and losses count for so long: at 240 packets/s, 1 % of what counts is five losses. */
const MEMORY: Milli = 2000;

/** The share of packets that a way has lost lately, 0–1. */
export class LossShare {
  #packets = 0;
  #lost = 0;
  #at: Milli | undefined;

  /** 0 as long as the losses may be chance. */
  get value(): number {
    return this.#lost < ENOUGH || this.#packets === 0 ? 0 : Math.min(1, this.#lost / this.#packets);
  }

  onPackets(count: number, now: Milli): void {
    this.#age(now);
    this.#packets += count;
  }

  onLost(count: number, now: Milli): void {
    this.#age(now);
    this.#lost += count;
  }

  #age(now: Milli): void {
    const left = Math.exp(-Math.max(0, now - (this.#at ?? now)) / MEMORY);
    this.#at = now;
    this.#packets *= left;
    this.#lost *= left;
  }
}
