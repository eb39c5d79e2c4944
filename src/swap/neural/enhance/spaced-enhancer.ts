import type { SwappedPixels } from '../crop-lane.ts';
import { CarriedEffect } from './carried-effect.ts';

/** How a session wants its recipe's enhancer. */
export interface EnhanceWish {
  /** How much of it is taken, 0–1; 0: it is not run. */
  readonly amount: number;
  /** It is run on one frame of so many, at least 1. */
  readonly every: number;
}

/** A face of a frame, and what is put on there. */
export interface WornFace {
  readonly id: number;
  /** Hash of the source. */
  readonly source: string;
}

interface Followed {
  readonly source: string;
  effect?: CarriedEffect | undefined;
}

/**
 * Has a session's enhancer run on every n-th frame, and carries what it added over to the frames between, each face for itself: crops
 * are aligned, so what was added moves with the face. A face, or a source, that is new is enhanced at once.
 */
export class SpacedEnhancer {
  /** The faces of the newest frame, by id. */
  readonly #faces = new Map<number, Followed>();
  #wish: EnhanceWish = { amount: 0, every: 1 };
  /** Frames since it was last asked for, that one among them. */
  #since = 0;

  /** How much of the enhancer the next frame is to take; 0: none, what was added before is carried. */
  next(faces: readonly WornFace[], wish: EnhanceWish): number {
    let due = this.#since >= wish.every || wish.amount !== this.#wish.amount;
    this.#wish = wish;
    // Nothing is carried then.
    if (wish.amount === 0 || wish.every === 1) {
      this.#faces.clear();
      return wish.amount;
    }
    for (const id of this.#faces.keys()) if (!faces.some((face) => face.id === id)) this.#faces.delete(id);
    for (const { id, source } of faces) {
      if (this.#faces.get(id)?.source === source) continue;
      this.#faces.set(id, { source });
      due = true;
    }
    this.#since = due ? 1 : this.#since + 1;
    return due ? wish.amount : 0;
  }

  /**
   * Takes in what a frame came back with.
   * @param amount that `next` gave for it
   * @param made `undefined` where it was given up
   */
  learn(faces: readonly WornFace[], amount: number, made: readonly SwappedPixels[] | undefined): void {
    if (amount === 0 || amount !== this.#wish.amount || made === undefined) return;
    for (const [index, face] of faces.entries()) {
      const followed = this.#followed(face);
      if (followed !== undefined) followed.effect = learned(made[index]!, followed.effect);
    }
  }

  /** This face with what was added to it before; itself where it is enhanced, or nothing is known. Valid until the next call. */
  carry(face: WornFace, made: SwappedPixels): SwappedPixels {
    if (made.plain !== undefined) return made;
    const effect = this.#followed(face)?.effect;
    return effect?.sides.from === sideOf(made) ? effect.addTo(made) : made;
  }

  #followed({ id, source }: WornFace): Followed | undefined {
    const followed = this.#faces.get(id);
    return followed?.source === source ? followed : undefined;
  }
}

/** What was added to a face; nothing where it came back as the swap network made it, as under load. */
function learned(made: SwappedPixels, before: CarriedEffect | undefined): CarriedEffect | undefined {
  const { rgb, plain } = made;
  if (plain === undefined) return undefined;
  const sides = { from: Math.sqrt(plain.length / 3), side: sideOf(made) };
  const fits = before?.sides.from === sides.from && before.sides.side === sides.side;
  const effect = fits ? before : new CarriedEffect(sides);
  effect.learn(rgb, plain);
  return effect;
}

function sideOf({ mask }: SwappedPixels): number {
  return Math.sqrt(mask.length);
}
