import type { Faces, TrackedFace } from '../../face/face.ts';
import { hideAll, hideFace } from '../../media/hide.ts';
import { drawLabel } from '../../media/label.ts';
import type { I420 } from '../../media/plane.ts';
import type { SwapBackend } from '../../schedule/backend.ts';
import { blendCrop } from '../../swap/composite/blend.ts';
import { createLight, matchOf, measureLight, type Light } from '../../swap/composite/light.ts';
import { matchSharpness } from '../../swap/composite/sharpness.ts';
import type { FaceCells } from '../../swap/front/face-cells.ts';
import { FrontWatch, type Front } from '../../swap/front/front-watch.ts';
import type { PreparedIdentity, SwapCrop, SwappedCrop } from '../../swap/swap.ts';
import type { Clock, Milli } from '../../time.ts';
import type { Part, Wearer } from '../cast/cast.ts';
import { Casting } from '../cast/casting.ts';
import { isAlone } from '../exposure/alone.ts';
import { Exposure, type Decision, type PlannedSwap, type Treatment } from '../exposure/exposure.ts';
import type { Outcome } from '../pixel.ts';
import type { SessionLook, SessionSettings } from '../settings.ts';

/** What a frame goes through here, in this order. */
export type PassStage = 'track' | 'swap' | 'composite';

/** What a pass needs of a session's settings. */
export interface PassSettings extends SessionLook, Pick<SessionSettings, 'policy' | 'budget' | 'faces' | 'label'> {
  /** Time for which nothing is sent after a failed swap, ms; left out: as docs/privacy.md says. 0 for files. */
  readonly hold?: Milli;
}

/** Where the faces are: FaceTracker, or a test's own. */
export interface Tracking {
  track(picture: I420, at: Milli): Promise<Faces>;
  setMaximum(maximum: number): void;
}

export interface PassParts {
  readonly tracker: Tracking;
  readonly backend: SwapBackend<SwapCrop, SwappedCrop>;
  /** For telling what lies before a face; left out: nothing is told. */
  readonly cells?: FaceCells;
  readonly clock: Clock;
  /** Told how long each stage of a frame took. */
  readonly onStage?: (stage: PassStage, duration: Milli) => void;
  /** Told when the backend threw: the frame is treated like any whose swap failed. */
  readonly onSwapError?: (cause: unknown) => void;
}

/** Asked before each stage; `false` ends the pass. */
export type StillWanted = (stage: PassStage) => boolean;

export interface PassOptions {
  /** The frame's instant, ms, on the media clock: what faces move and holds run by. Grows from frame to frame. */
  readonly at: Milli;
  /** Left out: always wanted. */
  readonly stillWanted?: StillWanted;
}

/** What was seen in a picture and decided about it: its own, while later pictures are looked at. */
export interface Look {
  readonly kind: 'look';
  readonly at: Milli;
  /** Their landmarks are valid until the next `look`. */
  readonly faces: Faces;
  readonly decision: Decision;
  /** Who is put on, for each of the decision's swaps. */
  readonly identities: readonly PreparedIdentity[];
  /** What lies before the face of each, where something does. */
  readonly fronts: readonly (Front | undefined)[];
  readonly settings: PassSettings;
}

/** It was no longer wanted before `stage`: nothing may be shown. `faces` once they are known. */
export interface Unwanted {
  readonly kind: 'unwanted';
  readonly stage: PassStage;
  readonly faces?: Faces;
}

export type Shown =
  /** The picture may be shown. `failed`: a swap failed and its face is hidden instead. */
  | { readonly kind: 'ready'; readonly outcome: Outcome; readonly failed: boolean }
  /** A swap failed and the hold has begun or lasts: nothing may be shown. */
  | { readonly kind: 'held' }
  | Unwanted;

/** New faces for those that are to be swapped, in their order, `undefined` where it failed. */
export type Crops = readonly (SwappedCrop | undefined)[];

const always: StillWanted = () => true;

/**
 * One session's faces in one picture: track → decide → swap → hide → blend → label, in place on I420. Knows of no codec, no
 * message and no deadline, so that live sessions and files go through the same steps. Calls must not overlap; but a picture may
 * be looked at while one before it is being swapped, and pictures are shown in the order in which they were looked at.
 */
export class FacePass {
  readonly exposure: Exposure;
  /** Every face is hidden, whoever is worn, from the next picture on. */
  hidden = false;
  readonly #parts: PassParts;
  readonly #lights = new Map<number, Light>();
  readonly #front: FrontWatch | undefined;
  #settings: PassSettings;
  readonly #casting = new Casting();
  #identity: PreparedIdentity | null = null;

  constructor(parts: PassParts, settings: PassSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#front = parts.cells && new FrontWatch(parts.cells);
    this.exposure = new Exposure(settings);
    parts.tracker.setMaximum(settings.faces);
  }

  /** From the next picture on. */
  configure(settings: PassSettings): void {
    this.#settings = settings;
    this.exposure.choose(settings);
    this.#parts.tracker.setMaximum(settings.faces);
  }

  /** Who is put on, from the next picture on; `null` nobody: then every face is hidden. */
  wear(identity: PreparedIdentity | null): void {
    this.#identity = identity;
  }

  /** Who besides wears somebody of their own, from the next picture on. */
  cast(wearers: readonly Wearer[]): void {
    this.#casting.choose(wearers);
  }

  /** A face of this look whose embedding is wanted, to know whose it is; it counts as asked. */
  question({ faces, at }: Look): TrackedFace | undefined {
    return this.#casting.question(faces.tracked, at);
  }

  /** What the recogniser made of a face; `undefined`: it could not say. */
  answer(face: number, embedding: Float32Array | undefined): void {
    this.#casting.answer(face, embedding);
  }

  /** Takes the next picture and changes it in place. Unless the result is `ready`, it must not be shown. */
  async run(picture: I420, options: PassOptions): Promise<Shown> {
    const look = await this.look(picture, options);
    if (look.kind === 'unwanted') return look;
    return this.show(picture, look, await this.swap(picture, look), options.stillWanted);
  }

  /** Finds the faces of the next picture and decides about them; changes nothing in it. */
  async look(picture: I420, { at, stillWanted = always }: PassOptions): Promise<Look | Unwanted> {
    const identity = this.#identity;
    const settings = this.#settings;
    if (!stillWanted('track')) return { kind: 'unwanted', stage: 'track' };
    const started = this.#parts.clock.now();
    const faces = await this.#parts.tracker.track(picture, at);
    // Those that are lost; by what is there, since one that was lost may yet have been shown after that.
    for (const id of this.#lights.keys()) if (!faces.tracked.some((face) => face.id === id)) this.#lights.delete(id);
    const { width, height } = picture;
    const parts = this.#casting.assign(faces, identity, at);
    const decision = this.exposure.decide(faces, {
      ...{ width, height, now: at, opacity: settings.opacity },
      wearing: identity !== null && !this.hidden,
      treatments: new Map([...parts].map(([id, part]) => [id, this.hidden ? 'hide' : treatmentOf(part)])),
    });
    const fronts = this.#fronts(picture, faces, decision, settings);
    this.#passed('track', started);
    if (!stillWanted('swap')) return { kind: 'unwanted', stage: 'swap', faces };
    const identities = decision.swaps.map(({ face }) => parts.get(face.id) as PreparedIdentity);
    return { kind: 'look', at, faces, decision, identities, fronts, settings };
  }

  /**
   * Makes the new faces here and now. They lie in the backend's buffers.
   * @param made those that are there already, in their places
   */
  async swap(picture: I420, look: Look, made: Crops = []): Promise<Crops> {
    const started = this.#parts.clock.now();
    const crops = await this.#swap(picture, look, made);
    this.#passed('swap', started);
    return crops;
  }

  /** Hides, blends and marks in place what was looked at. Unless the result is `ready`, the picture must not be shown. */
  show(picture: I420, look: Look, crops: Crops, stillWanted: StillWanted = always): Shown {
    const { decision, settings, at } = look;
    if (!stillWanted('composite')) return { kind: 'unwanted', stage: 'composite' };
    const started = this.#parts.clock.now();
    const lost = decision.swaps.filter((_, index) => !crops[index]);
    const fallback = lost.length > 0 ? this.exposure.fallback(at) : 'show';
    if (fallback === 'hold') return { kind: 'held' };
    const hideToo = fallback === 'hide' ? lost.map(({ head }) => head) : [];
    this.#composite(picture, { ...look, decision: { ...decision, hide: [...decision.hide, ...hideToo] } }, crops);
    if (settings.label) drawLabel(picture);
    this.#passed('composite', started);
    return { kind: 'ready', outcome: outcomeOf(decision, crops, hideToo.length), failed: lost.length > 0 };
  }

  /** Hides a whole picture, label included, without looking for faces: what is shown when there is no time to. */
  hide(picture: I420): Outcome {
    hideAll(picture);
    if (this.#settings.label) drawLabel(picture);
    return 'hidden';
  }

  /** New faces for the planned ones, `undefined` where it failed or the batch was full. They lie in the backend's buffers. */
  async #swap(picture: I420, { decision, identities, settings }: Look, made: Crops): Promise<Crops> {
    const { backend, onSwapError } = this.#parts;
    const places = [...decision.swaps.keys()]
      .filter((place) => made[place] === undefined)
      .slice(0, backend.maximumBatch);
    if (places.length === 0) return made;
    const { opacity, keepEyes, keepMouth } = settings;
    const batch = places.map((place): SwapCrop => {
      const { face, covered } = decision.swaps[place]!;
      // Over a hidden head the caller's eyes and mouth are hidden too, so the identity's own are drawn.
      const look = { opacity, keepEyes: keepEyes && !covered, keepMouth: keepMouth && !covered };
      return { picture, landmarks: face.landmarks, identity: identities[place]!, look };
    });
    try {
      const swapped = await backend.swap(batch);
      return decision.swaps.map((_, place) => made[place] ?? swapped[places.indexOf(place)]);
    } catch (cause) {
      onSwapError?.(cause);
      return made;
    }
  }

  /** What lies before the faces that are to be swapped, where it can be told. */
  #fronts(picture: I420, faces: Faces, decision: Decision, { front }: PassSettings): Look['fronts'] {
    const watch = this.#front;
    watch?.keep(front ? faces.tracked.map(({ id }) => id) : []);
    if (!watch || !front) return [];
    return decision.swaps.map((swap) => (isAlone(swap, faces, decision) ? watch.look(picture, swap.face) : undefined));
  }

  /** Detail and light are measured on the caller's own pixels, so before any is hidden. */
  #composite(picture: I420, { decision, identities, fronts, settings }: Look, crops: Crops): void {
    const { hideAll: all, hide, swaps } = decision;
    const { colours, sharpness } = settings;
    for (const [index, crop] of crops.entries()) {
      if (!crop) continue;
      const front = fronts[index];
      if (front) this.#front?.lower(crop, front);
      if (sharpness > 0) matchSharpness(picture, crop, sharpness);
      measureLight(picture, crop, matchOf(identities[index]!.kind, colours), this.#lightOf(swaps[index]!));
    }
    if (all) hideAll(picture);
    else for (const head of hide) hideFace(picture, head);
    for (const [index, crop] of crops.entries()) {
      if (!crop) continue;
      const planned = swaps[index]!;
      blendCrop(picture, crop, this.#lightOf(planned), planned.strength);
    }
  }

  #lightOf({ face }: PlannedSwap): Light {
    let light = this.#lights.get(face.id);
    if (!light) this.#lights.set(face.id, (light = createLight()));
    return light;
  }

  #passed(stage: PassStage, since: Milli): void {
    this.#parts.onStage?.(stage, this.#parts.clock.now() - since);
  }
}

function treatmentOf(part: Part): Treatment {
  return part === null ? 'hide' : part === 'own' ? 'show' : 'swap';
}

function outcomeOf(decision: Decision, crops: Crops, alsoHidden: number): Outcome {
  if (crops.some((crop) => crop !== undefined)) return 'swapped';
  return decision.hideAll || decision.hide.length + alsoHidden > 0 ? 'hidden' : 'clear';
}
