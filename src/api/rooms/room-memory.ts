import type { Clock, Milli } from '../../time.ts';
import type { Look } from '../choices/choices.ts';
import type { WearerChoice } from '../messages.ts';

/** A client that retries is back within seconds; a worker that does not start at once takes some more. */
const KEPT_FOR: Milli = 120_000;
/** Rooms that are remembered; of more the oldest is forgotten. */
const MAXIMUM_ROOMS = 1_024;

/** Whose publication it was: what was worn is put on again only by the same, who asks for the same as then. */
export interface Publisher {
  /** `sub` of the token; `undefined`: it names nobody. */
  readonly subject: string | undefined;
  /** Who was to be worn by token and query; null: nobody. */
  readonly asked: string | null;
}

/** What was worn at the end, by its own choice or by a call of `control`. */
export interface Worn {
  readonly identity: string | null;
  readonly look: Look;
  /** Who besides wears somebody of their own. */
  readonly wearers: readonly WearerChoice[];
}

/**
 * What publishers wore whose session ended without their doing, by room: the client of a lost media worker publishes again
 * by itself, with the request of the beginning, and is put back as it was. The exposure policy is not kept: that is the token's.
 */
export class RoomMemory {
  readonly #clock: Clock;
  readonly #rooms = new Map<string, Publisher & Worn & { readonly until: Milli }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(room: string, publisher: Publisher, worn: Worn): void {
    this.#rooms.delete(room);
    this.#rooms.set(room, { ...publisher, ...worn, until: this.#clock.now() + KEPT_FOR });
    const [oldest] = this.#rooms.keys();
    if (this.#rooms.size > MAXIMUM_ROOMS && oldest !== undefined) this.#rooms.delete(oldest);
  }

  recall(room: string, { subject, asked }: Publisher): Worn | undefined {
    const kept = this.#rooms.get(room);
    if (kept === undefined) return undefined;
    if (this.#clock.now() >= kept.until) {
      this.#rooms.delete(room);
      return undefined;
    }
    if (kept.subject !== subject || kept.asked !== asked) return undefined;
    return { identity: kept.identity, look: kept.look, wearers: kept.wearers };
  }

  forget(room: string): void {
    this.#rooms.delete(room);
  }
}
