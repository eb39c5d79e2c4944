import type { Milli } from '../../../time.ts';

/** Sending less than this share of the estimate leaves some of the budget. */
const USED_SHARE = 0.65;
/** The budget of so long is kept. */
const WINDOW: Milli = 500;
/** Little is sent once so much of the budget is left, until less than the other is. */
const BEGIN = 0.8;
const END = 0.5;

/** Whether the application sends too little to fill the estimate, so that nothing is learnt from what arrives. */
export class ApplicationLimit {
  #left = 0;
  #at: Milli | undefined;
  #limited = false;

  get limited(): boolean {
    return this.#limited;
  }

  /** A packet of `size` bytes has left while the estimate was `estimate` bits a second. */
  onSent(size: number, estimate: number, now: Milli): void {
    const bytesPerMilli = (estimate * USED_SHARE) / 8000;
    const most = bytesPerMilli * WINDOW;
    const refilled = Math.min(most, this.#left + Math.max(0, now - (this.#at ?? now)) * bytesPerMilli);
    this.#at = now;
    this.#left = Math.max(-most, refilled - size);
    if (this.#left > most * BEGIN) this.#limited = true;
    else if (this.#left < most * END) this.#limited = false;
  }
}
