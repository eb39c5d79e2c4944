import type { Faces, TrackedFace } from '../../face/face.ts';
import type { Ellipse } from '../../media/hide.ts';
import { swapStrength } from '../../swap/strength.ts';
import type { Milli } from '../../time.ts';
import type { ExposurePolicy } from '../settings.ts';
import { FaceMemory } from './face-memory.ts';
import { growthOf } from './ghost.ts';
import { around, coversAll, headOf, isCutOff, lies } from './head.ts';

/** Shortest time that nothing is sent after a swap failed or came late, before hidden frames are sent instead. */
const SHORTEST_HOLD: Milli = 300;
/** The hold is at least this much longer than the budget. */
const HOLD_OVER_BUDGET: Milli = 50;

/** Time in which a swap that was faded comes back whole. */
const RETURN: Milli = 400;

/** A face that is to be swapped. */
export interface PlannedSwap {
  readonly face: TrackedFace;
  /** How much of the swap is shown, above 0 and up to 1. */
  readonly strength: number;
  /** Where the head is; hidden when the swap fails. */
  readonly head: Ellipse;
  /** True if the head is hidden beneath: then nothing of the caller, eyes and mouth either, may show through. */
  readonly covered: boolean;
}

/** What is to be done with a frame, in this order: hide, swap. */
export interface Decision {
  readonly hideAll: boolean;
  /** Heads and places to hide; empty if all is hidden. */
  readonly hide: readonly Ellipse[];
  readonly swaps: readonly PlannedSwap[];
}

/** What a frame's faces are judged with. */
export interface Circumstances {
  readonly width: number;
  readonly height: number;
  readonly now: Milli;
  /** False if the session wears nobody: then every face is hidden. */
  readonly wearing: boolean;
  /** What is done with a face instead, by its id; `show` leaves it alone, under the policy `always` only. */
  readonly treatments?: ReadonlyMap<number, Treatment>;
  /** Identity strength, 0–1. */
  readonly opacity: number;
}

export type Treatment = 'swap' | 'hide' | 'show';

/** What to do with a frame whose swap failed or came late: send nothing, send it hidden, or send it as it is. */
export type Fallback = 'hold' | 'hide' | 'show';

/** What the session's owner chose. */
export interface ExposureChoice {
  readonly policy: ExposurePolicy;
  /** From decodable to sent, ms. */
  readonly budget: Milli;
  /** Overrides the hold, ms; 0 for files, where nothing is gained by sending nothing. */
  readonly hold?: Milli;
}

/**
 * Decides what of a frame may be shown. Under `never`, the default, every face that is or was found is swapped or hidden,
 * and what is swapped in part is hidden first. (docs/privacy.md)
 */
export class Exposure {
  #memory = new FaceMemory();
  #choice: ExposureChoice;
  #searchedAt: Milli | undefined;
  #failingSince: Milli | undefined;
  #lastDecided: Milli | undefined;
  /** How much of the swap of each face held, 0–1, by the face's id. */
  #held: ReadonlyMap<number, number> = new Map();
  /** The least of them when there last was a face. */
  #heldAtLoss = 1;

  constructor(choice: ExposureChoice) {
    this.#choice = choice;
  }

  /** How long nothing is sent after a failure, ms. */
  get hold(): Milli {
    return this.#choice.hold ?? Math.max(SHORTEST_HOLD, this.#choice.budget + HOLD_OVER_BUDGET);
  }

  /** Takes a changed choice over. Another policy begins as a call does: what it forgets, the former one may have needed. */
  choose(choice: ExposureChoice): void {
    if (choice.policy !== this.#choice.policy) this.#memory = new FaceMemory();
    this.#choice = choice;
  }

  /** Decides on a frame in which these faces were found. Frames must come in order. */
  decide(faces: Faces, at: Circumstances): Decision {
    const { policy } = this.#choice;
    this.#memory.update(faces, at, at.now);
    if (faces.searched) this.#searchedAt = at.now;
    const held = this.#holding(faces, at);
    const missing = this.#memory.covers(policy, at.now);
    const hideAll = missing.some((cover) => coversAll(cover, at.width, at.height)) || this.#mustHideEmpty();
    const stirs = policy === 'always' ? [] : (faces.stirs ?? []).map(around);
    const hide = missing.concat(this.#bystanders(faces, at), stirs);
    const swaps: PlannedSwap[] = [];
    for (const face of faces.tracked) this.#judge(face, { ...at, held: held.get(face.id) ?? 0 }, hideAll, hide, swaps);
    return { hideAll, hide: hideAll ? [] : hide, swaps };
  }

  /** A frame was not swapped though it should have been. */
  fallback(now: Milli): Fallback {
    if (this.#choice.policy === 'always') return 'show';
    this.#failingSince ??= now;
    return now - this.#failingSince < this.hold ? 'hold' : 'hide';
  }

  /** A frame went out as decided: the next failure starts a hold of its own. */
  succeeded(): void {
    this.#failingSince = undefined;
  }

  /** Under `never` a picture in which nobody was found, now or before, shows nothing. */
  #mustHideEmpty(): boolean {
    return this.#choice.policy === 'never' && this.#memory.empty;
  }

  /** Faces that are not swapped. Their boxes are as old as the last search, so they may have moved. */
  #bystanders(faces: Faces, { now }: Circumstances): Ellipse[] {
    const age = now - (this.#searchedAt ?? now);
    return faces.seen.map(({ box }) => headOf(box, 'detector', growthOf(box, age)));
  }

  /**
   * How far the swap of each face holds by its pose. It gives way at once and comes back slowly: on a profile, or on a face
   * that the picture's side cuts off, the mesh may for some frames be sure of a face that looks into the camera. So does
   * the swap of a face that follows one lost in turning.
   */
  #holding(faces: Faces, { now, width }: Circumstances): ReadonlyMap<number, number> {
    const step = (now - (this.#lastDecided ?? now)) / RETURN;
    this.#lastDecided = now;
    const first = this.#memory.missing ? this.#heldAtLoss : 1;
    this.#held = new Map(
      faces.tracked.map(({ id, box, pose, fromSide }) => {
        const holds = fromSide || isCutOff(box, width) ? 0 : swapStrength(pose, 1);
        return [id, Math.min(holds, (this.#held.get(id) ?? first) + step)];
      }),
    );
    if (this.#held.size > 0) this.#heldAtLoss = Math.min(...this.#held.values());
    return this.#held;
  }

  #judge(
    face: TrackedFace,
    at: Circumstances & { held: number },
    hideAll: boolean,
    hide: Ellipse[],
    swaps: PlannedSwap[],
  ): void {
    const head = headOf(face.box, 'mesh');
    const treatment = at.treatments?.get(face.id) ?? (at.wearing ? 'swap' : 'hide');
    if (treatment === 'show' && this.#choice.policy === 'always') return;
    const wearing = treatment === 'swap';
    const strength = wearing ? at.held * at.opacity : 0;
    const partly = strength < 1 && (this.#choice.policy !== 'always' || !wearing);
    if (partly) hide.push(head);
    if (strength <= 0) return;
    const { x, y, width, height } = face.box;
    const covered = hideAll || hide.some((cover) => lies(x + width / 2, y + height / 2, cover));
    swaps.push({ face, strength, head, covered });
  }
}
