import { WorkPicture } from '../../codec/work-picture.ts';
import { assert } from '../../errors.ts';
import { FaceTracker } from '../../face/tracker.ts';
import type { FaceModels } from '../../face/models.ts';
import type { I420 } from '../../media/plane.ts';
import { FacePass, type Crops, type Look, type PassSettings } from '../../session/pixel/face-pass.ts';
import { networkShare, pasteShare } from '../../session/pixel/neural/network-share.ts';
import type { Outcome } from '../../session/pixel.ts';
import { createFaceCells } from '../../swap/front/face-cells.ts';
import { MeshBackend } from '../../swap/mesh/mesh-backend.ts';
import type { CropLane } from '../../swap/neural/crop-lane.ts';
import { NeuralSwap } from '../../swap/neural/neural-swap.ts';
import type { RecipeFace } from '../../swap/neural/recipe.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import { monotonic, type Milli } from '../../time.ts';

/** Times that a picture is looked at before it counts: landmarks settle, and a face is believed when it stays. */
const ROUNDS = 8;
const ROUND: Milli = 40;

/** The look of a swap in a file; the same fields as a session's settings. */
export type SwapSettings = Omit<PassSettings, 'budget' | 'hold'>;

/** A network that swaps instead of the mesh, and the way to it. */
export interface SwapNetwork {
  readonly recipe: RecipeFace;
  readonly lane: CropLane;
}

/**
 * The face engine of live sessions over the pictures of a file: the same steps, without a deadline. With a network a picture's faces may be
 * away while the next picture is looked at.
 */
export class FaceSwapper {
  readonly #pass: FacePass;
  readonly #settings: PassSettings;
  readonly #backend: MeshBackend;
  readonly #network: { readonly recipe: RecipeFace; readonly swap: NeuralSwap } | undefined;
  readonly #rehearsal = new WorkPicture();
  #started = false;
  /** The picture before is done: they are shown in their order, as each is held against those before. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(models: FaceModels, identity: PreparedIdentity, settings: SwapSettings, network?: SwapNetwork) {
    this.#network = network && { recipe: network.recipe, swap: new NeuralSwap(network.recipe, network.lane) };
    this.#backend = new MeshBackend(models.geometry);
    const tracker = new FaceTracker(models, { maximum: settings.faces });
    // Networks that see what is before a face see more.
    const cells = network?.recipe.masks ? {} : { cells: createFaceCells(models.geometry) };
    // In a file nothing is gained by leaving a frame out: what cannot be swapped is hidden at once.
    this.#settings = { ...settings, budget: 66, hold: 0 };
    this.#pass = new FacePass({ tracker, backend: this.#backend, clock: monotonic, ...cells }, this.#settings);
    this.#pass.wear(identity);
  }

  /**
   * Swaps, hides and labels a picture in place.
   * @param at when it is shown, ms; grows from picture to picture
   */
  async swap(work: WorkPicture, at: Milli): Promise<Outcome> {
    return (await this.begin(work, at)).outcome;
  }

  /**
   * The same, settled as soon as the next picture may be begun. `work` is the swapper's until its outcome is there; up to
   * `MOST_FLIGHTS` pictures may be without one.
   */
  async begin(work: WorkPicture, at: Milli): Promise<{ readonly outcome: Promise<Outcome> }> {
    if (!this.#started) await this.#rehearse(work, at);
    return this.#begin(work, at);
  }

  /** Idempotent. */
  close(): void {
    this.#backend.close();
    this.#network?.swap.close();
    this.#rehearsal.close();
  }

  /**
   * A live call begins hidden until a face has been seen for a moment. A file's first picture is there to be looked at
   * as often as that takes; how a face usually looks is not learned from one picture.
   */
  async #rehearse(work: WorkPicture, at: Milli): Promise<void> {
    this.#started = true;
    this.#pass.configure({ ...this.#settings, front: false });
    for (let round = ROUNDS; round > 0; round--) {
      this.#rehearsal.load(work.picture);
      await (
        await this.#begin(this.#rehearsal, at - round * ROUND)
      ).outcome;
    }
    this.#pass.configure(this.#settings);
    this.#rehearsal.close();
  }

  async #begin(work: WorkPicture, at: Milli): Promise<{ readonly outcome: Promise<Outcome> }> {
    const { picture } = work;
    const look = await this.#pass.look(picture, { at });
    assert(look.kind === 'look', 'nothing keeps a picture of a file from being looked at');
    const outcome = await this.#outcomeOf(picture, look);
    // Who waits for it hears of a failure; the next picture does not.
    this.#before = outcome.settled.catch(() => undefined);
    return { outcome: outcome.settled };
  }

  async #outcomeOf(picture: I420, look: Look): Promise<{ readonly settled: Promise<Outcome> }> {
    const before = this.#before;
    // Everybody in a file wears the same identity: all go through the network, or none.
    const share = this.#network && networkShare(look, this.#network.recipe);
    if (this.#network === undefined || share === undefined) {
      // The mesh's crops lie in buffers of its own, and landmarks in the tracker's: they are shown before anything else is looked at.
      await before;
      return { settled: Promise.resolve(this.#show(picture, look, await this.#pass.swap(picture, look))) };
    }
    const { swap } = this.#network;
    const faces = look.decision.swaps.map(({ face }) => face);
    const { enhance } = look.settings;
    const flight = swap.send(picture, faces, { sources: share.sources, enhance, deadline: Infinity });
    if (flight === undefined) return { settled: before.then(() => this.#show(picture, look, [])) };
    const settled = Promise.all([flight.swapped, before]).then(([pixels]) => {
      const crops = pixels ? pasteShare(swap, picture, { look, share, flight, pixels, keep: false }) : [];
      swap.release(flight);
      return this.#show(picture, look, crops);
    });
    return { settled };
  }

  #show(picture: I420, look: Look, crops: Crops): Outcome {
    const result = this.#pass.show(picture, look, crops);
    if (result.kind !== 'ready') return this.#pass.hide(picture);
    if (!result.failed) this.#pass.exposure.succeeded();
    return result.outcome;
  }
}
