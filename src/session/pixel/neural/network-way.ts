import type { Departing } from '../departures.ts';
import type { Crops, FacePass, Look } from '../face-pass.ts';
import type { FigureCounts } from '../figures.ts';
import type { StageTimes } from '../stage-times.ts';
import type { Ease } from './ease.ts';
import { Flights, type Away, type FlightsParts } from './flights.ts';

export interface NetworkWayParts extends FlightsParts {
  /** Swaps by the mesh those that the network has no part in. */
  readonly pass: Pick<FacePass, 'swap'>;
  readonly times: Pick<StageTimes, 'learn' | 'remaining'>;
  readonly counts: Pick<FigureCounts, 'took'>;
}

/** A session's way through a swap network: faces of its frames on their way there, and what has come back into their pictures. */
export class NetworkWay {
  readonly #parts: NetworkWayParts;
  readonly #flights: Flights;

  constructor(parts: NetworkWayParts) {
    this.#parts = parts;
    this.#flights = new Flights(parts);
  }

  /** The oldest frame that has come back. */
  get back(): Away | undefined {
    return this.#flights.back;
  }

  /** Sends those of a frame's faces that the network has part in. `undefined` if it has none, false if there is no way for them. */
  send(frame: Departing, look: Look, { sparing, coarse }: Ease): boolean | undefined {
    const share = this.#flights.shareOf(look);
    if (share === undefined) return undefined;
    const deadline = frame.deadline - this.#parts.times.remaining('paste');
    return this.#flights.send(frame, look, { share, deadline, sparing, coarse });
  }

  /**
   * Takes a frame that has come back, or was given up there: the faces for its picture, those that the network has no part in by
   * the mesh. None if it was given up, or is no longer `wanted`.
   */
  async land(away: Away, wanted: boolean, { sparing }: Ease): Promise<Crops> {
    const { flight, back, cutting, frame, look, share } = away;
    const { clock, times, counts, pass } = this.#parts;
    const started = clock.now();
    if (back?.pixels && !flight.reposed) times.learn('swap', back.took);
    const crops = wanted ? this.#flights.paste(away, sparing) : [];
    this.#flights.release(away);
    const pasting = clock.now() - started;
    if (crops.length > 0) times.learn('paste', pasting);
    counts.took('swap', cutting + pasting);
    if (crops.length === 0 || share.places.length === crops.length) return crops;
    return pass.swap(frame.work.picture, look, crops);
  }

  /** Idempotent. Gives how many frames were still away, or not yet taken. */
  close(): number {
    return this.#flights.close().length;
  }
}
