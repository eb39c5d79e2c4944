import type { CropLane, SwappedPixels } from '../../../swap/neural/crop-lane.ts';
import { NeuralSwap, type Flight } from '../../../swap/neural/neural-swap.ts';
import type { RecipeFace } from '../../../swap/neural/recipe.ts';
import type { Clock, Milli } from '../../../time.ts';
import type { Departing } from '../departures.ts';
import type { Crops, Look } from '../face-pass.ts';
import type { Ease } from './ease.ts';
import { networkShare, pasteShare, type NetworkShare } from './network-share.ts';

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
  readonly share: NetworkShare;
  readonly flight: Flight;
  readonly sentAt: Milli;
  /** How long cutting its crops took. */
  readonly cutting: Milli;
  /** How long its faces were away, and the new ones if it was not given up; once it is back. */
  back?: { readonly took: Milli; readonly pixels: readonly SwappedPixels[] | undefined };
}

/** The same look with landmarks of its own, for faces that are swapped by the mesh when the others are back. */
function withLandmarks(look: Look): Look {
  const swaps = look.decision.swaps.map((swap) => ({
    ...swap,
    face: { ...swap.face, landmarks: swap.face.landmarks.slice() },
  }));
  return { ...look, decision: { ...look.decision, swaps } };
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

  /** As `networkShare` says. */
  shareOf(look: Look): NetworkShare | undefined {
    return networkShare(look, this.#parts.recipe);
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
    {
      share,
      ...options
    }: { readonly share: NetworkShare; readonly deadline: Milli } & Pick<Ease, 'sparing' | 'coarse'>,
  ): boolean {
    const sentAt = this.#parts.clock.now();
    const { sources, places } = share;
    const faces = places.map((place) => look.decision.swaps[place]!.face);
    const { picture } = frame.work;
    const reposed =
      options.sparing && !this.#reposed ? this.#swap?.repose(faces, this.#away.at(-1)?.flight) : undefined;
    this.#reposed = reposed !== undefined;
    const { enhance, enhanceEvery } = look.settings;
    const flight = reposed ?? this.#swap?.send(picture, faces, { ...options, sources, enhance, enhanceEvery });
    if (flight === undefined) return false;
    const kept = places.length < look.identities.length ? withLandmarks(look) : look;
    const away: Away = { frame, look: kept, share, flight, sentAt, cutting: this.#parts.clock.now() - sentAt };
    this.#away.push(away);
    void flight.swapped.then((pixels) => {
      if (this.#closed) return;
      away.back = { took: this.#parts.clock.now() - sentAt, pixels };
      this.#parts.onBack();
    });
    return true;
  }

  /** The new faces of a frame that has come back, where they belong among its swaps; valid until the next `paste`. None if it was given up. */
  paste({ frame, look, share, flight, back }: Away, sparing: boolean): Crops {
    if (back?.pixels === undefined || this.#swap === undefined) return [];
    const landed = { look, share, flight, pixels: back.pixels, keep: sparing };
    return pasteShare(this.#swap, frame.work.picture, landed);
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
