import { randomBytes } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { Clock, Milli } from '../../time.ts';
import type { JudgedPhoto } from '../../worker/supervisor/identity-questions.ts';

/** How much is kept, and for how long. */
export interface IdentityLimits {
  readonly lifetime: Milli;
  readonly maximumCount: number;
  /** Of all identities and thumbnails together. */
  readonly maximumTotalBytes: number;
}

/** An identity that somebody uploaded. */
export interface StoredIdentity extends JudgedPhoto {
  /** 128 random bits, hex: whoever knows it may wear it, so nobody can guess it. */
  readonly id: string;
  /** Instant at which it is forgotten. */
  readonly expires: Milli;
}

/** Uploaded identities, in memory only, each for a limited time. */
export class IdentityStore {
  readonly #limits: IdentityLimits;
  readonly #clock: Clock;
  readonly #held = new Map<string, StoredIdentity>();
  #bytes = 0;

  constructor(limits: IdentityLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get count(): number {
    return this.#held.size;
  }

  /** Bytes of all that is held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True if there is room for one more of usual size: asked before a photo is judged. */
  get hasRoom(): boolean {
    this.sweep();
    return this.#held.size < this.#limits.maximumCount && this.#bytes < this.#limits.maximumTotalBytes;
  }

  /** @throws GatewayError capacity_full; others' identities are not pushed out for a new one */
  add(photo: JudgedPhoto): StoredIdentity {
    const size = sizeOf(photo);
    if (!this.hasRoom || this.#bytes + size > this.#limits.maximumTotalBytes) {
      throw new GatewayError('capacity_full', 'there must be room for another identity; try again later');
    }
    const id = randomBytes(16).toString('hex');
    const stored: StoredIdentity = { ...photo, id, expires: this.#clock.now() + this.#limits.lifetime };
    this.#held.set(id, stored);
    this.#bytes += size;
    return stored;
  }

  /** @throws GatewayError identity_unknown if there is none, or no more */
  get(id: string): StoredIdentity {
    this.sweep();
    const stored = this.#held.get(id);
    if (stored === undefined) {
      throw new GatewayError('identity_unknown', 'the identity must have been uploaded within the last hour');
    }
    return stored;
  }

  /** True if it was there. Sessions that wear it keep it until they end. */
  delete(id: string): boolean {
    const stored = this.#held.get(id);
    if (stored === undefined) return false;
    this.#held.delete(id);
    this.#bytes -= sizeOf(stored);
    return true;
  }

  /** Forgets what is too old. Called by a timer of the gateway too, so that nothing stays because nobody asks. */
  sweep(): void {
    const now = this.#clock.now();
    // Insertion order is order of expiry: all live equally long.
    for (const { id, expires } of this.#held.values()) {
      if (expires > now) return;
      this.delete(id);
    }
  }

  /** Forgets all. */
  close(): void {
    this.#held.clear();
    this.#bytes = 0;
  }
}

function sizeOf(photo: JudgedPhoto): number {
  return photo.identity.bytes.length + photo.thumbnail.length;
}
