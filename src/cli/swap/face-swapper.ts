import { WorkPicture } from '../../codec/work-picture.ts';
import { FaceTracker } from '../../face/tracker.ts';
import type { FaceModels } from '../../face/models.ts';
import { FacePass, type PassSettings } from '../../session/pixel/face-pass.ts';
import type { Outcome } from '../../session/pixel.ts';
import { MeshBackend } from '../../swap/mesh/mesh-backend.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import { monotonic, type Milli } from '../../time.ts';

/** Times that a picture is looked at before it counts: landmarks settle, and a face is believed when it stays. */
const ROUNDS = 8;
const ROUND: Milli = 40;

/** The look of a swap in a file; the same fields as a session's settings. */
export type SwapSettings = Omit<PassSettings, 'budget' | 'hold'>;

/** The face engine of live sessions over the pictures of a file: the same steps, without a deadline. */
export class FaceSwapper {
  readonly #pass: FacePass;
  readonly #backend: MeshBackend;
  readonly #rehearsal = new WorkPicture();
  #started = false;

  constructor(models: FaceModels, identity: PreparedIdentity, settings: SwapSettings) {
    this.#backend = new MeshBackend(models.geometry);
    const tracker = new FaceTracker(models, { maximum: settings.faces });
    const parts = { tracker, backend: this.#backend, clock: monotonic };
    // In a file nothing is gained by leaving a frame out: what cannot be swapped is hidden at once.
    this.#pass = new FacePass(parts, { ...settings, budget: 66, hold: 0 });
    this.#pass.wear(identity);
  }

  /**
   * Swaps, hides and labels a picture in place.
   * @param at when it is shown, ms; grows from picture to picture
   */
  async swap(work: WorkPicture, at: Milli): Promise<Outcome> {
    if (!this.#started) await this.#rehearse(work, at);
    return this.#run(work, at);
  }

  /** Idempotent. */
  close(): void {
    this.#backend.close();
    this.#rehearsal.close();
  }

  /**
   * A live call begins hidden until a face has been seen for a moment. A file's first picture is there to be looked at
   * as often as that takes.
   */
  async #rehearse(work: WorkPicture, at: Milli): Promise<void> {
    this.#started = true;
    for (let round = ROUNDS; round > 0; round--) {
      this.#rehearsal.load(work.picture);
      await this.#run(this.#rehearsal, at - round * ROUND);
    }
    this.#rehearsal.close();
  }

  async #run(work: WorkPicture, at: Milli): Promise<Outcome> {
    const result = await this.#pass.run(work.picture, { at });
    if (result.kind !== 'ready') return this.#pass.hide(work.picture);
    if (!result.failed) this.#pass.exposure.succeeded();
    return result.outcome;
  }
}
