import type { CropLane, CropSource, SwappedPixels } from '../../../swap/neural/crop-lane.ts';
import { NeuralSwap, type Flight } from '../../../swap/neural/neural-swap.ts';
import type { RecipeFace } from '../../../swap/neural/recipe.ts';
import type { Clock, Milli } from '../../../time.ts';
import type { Departing } from '../departures.ts';
import type { Crops, Look } from '../face-pass.ts';
import type { Ease } from './ease.ts';
import { maskLooks } from './mask-looks.ts';

export interface FlightsParts {
  readonly recipe: RecipeFace;
  /** The session's way to the swap networks, once it is open. */
  readonly lane: Promise<CropLane>;
  readonly clock: Clock;
  /** A frame has come back. */
  readonly onBack: () => void;
  /** There is no way, and will be none. */
  readonly onFailed: (error: unknown) => void;
}

/** A frame whose faces are being swapped elsewhere, with all that is its own. */
export interface Away {
  readonly frame: Departing;
  readonly look: Look;
  readonly flight: Flight;
  readonly sentAt: Milli;
  /** How long cutting its crops took. */
  readonly cutting: Milli;
  /** How long its faces were away, and the new ones if it was not given up; once it is back. */
  back?: { readonly took: Milli; readonly pixels: readonly SwappedPixels[] | undefined };
}

/**
 * What those who are put on are to a network. `undefined` if nobody is, or one of them is nothing to it: then the mesh swaps
 * them all.
 */
export function sourcesFor({ identities }: Look, { name }: RecipeFace): readonly CropSource[] | undefined {
  const sources = identities.flatMap((identity) => identity.sources?.get(name) ?? []);
  return sources.length === 0 || sources.length < identities.length ? undefined : sources;
}

/** The frames of one session that are away at a swap network, the oldest first. */
export class Flights {
  readonly #parts: FlightsParts;
  #swap: NeuralSwap | undefined;
  #away: Away[] = [];
  /** The newest frame sent was reposed: it is the next one's turn to be swapped. */
  #reposed = false;
  #closed = false;

  constructor(parts: FlightsParts) {
    this.#parts = parts;
    parts.lane.then(
      (lane) => {
        if (this.#closed) lane.close();
        else this.#swap = new NeuralSwap(parts.recipe, lane);
      },
      (error: unknown) => {
        if (!this.#closed) parts.onFailed(error);
      },
    );
  }

  /** As `sourcesFor` says. */
  sourcesOf(look: Look): readonly CropSource[] | undefined {
    return sourcesFor(look, this.#parts.recipe);
  }

  /** The oldest frame that has come back. */
  get back(): Away | undefined {
    return this.#away.find(({ back }) => back !== undefined);
  }

  /**
   * Sends a frame's faces on their way. False if there is none, too many frames are away already, or a face cannot be aligned.
   * @param options `deadline` by which they must be back; `sparing` and `coarse` as in `Ease`
   */
  send(
    frame: Departing,
    look: Look,
    options: { readonly sources: readonly CropSource[]; readonly deadline: Milli } & Pick<Ease, 'sparing' | 'coarse'>,
  ): boolean {
    const sentAt = this.#parts.clock.now();
    const faces = look.decision.swaps.map(({ face }) => face);
    const { picture } = frame.work;
    const reposed =
      options.sparing && !this.#reposed ? this.#swap?.repose(faces, this.#away.at(-1)?.flight) : undefined;
    this.#reposed = reposed !== undefined;
    const flight = reposed ?? this.#swap?.send(picture, faces, { ...options, enhance: look.settings.enhance });
    if (flight === undefined) return false;
    const away: Away = { frame, look, flight, sentAt, cutting: this.#parts.clock.now() - sentAt };
    this.#away.push(away);
    void flight.swapped.then((pixels) => {
      if (this.#closed) return;
      away.back = { took: this.#parts.clock.now() - sentAt, pixels };
      this.#parts.onBack();
    });
    return true;
  }

  /** The new faces of a frame that has come back, where they belong; valid until the next `paste`. */
  paste({ frame, look, flight, back }: Away, sparing: boolean): Crops {
    if (back?.pixels === undefined) return [];
    const looks = maskLooks(look);
    return this.#swap?.paste(frame.work.picture, flight, { pixels: back.pixels, keep: sparing, looks }) ?? [];
  }

  /** A frame that has come back is done with. */
  release(away: Away): void {
    this.#away = this.#away.filter((other) => other !== away);
    this.#swap?.release(away.flight);
  }

  /** Idempotent. Gives those that were still away, or not yet taken. */
  close(): readonly Away[] {
    this.#closed = true;
    this.#swap?.close();
    return this.#away.splice(0);
  }
}
