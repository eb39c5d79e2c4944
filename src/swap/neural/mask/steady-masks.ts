/** Share of the way that a mask goes from what it was to what a network says now, a frame: a fast hand lags by one, noise is a third. */
const FOLLOW = 0.6;

/** Masks of faces, smoothed in time: what a network says of an edge changes from frame to frame. They lie in crops, which move with the face. */
export class SteadyMasks {
  readonly #last = new Map<number, Uint8Array>();

  /** The mask of this face now, valid until its next. @param mask [side, side] uint8, stays as it is */
  follow(face: number, mask: Uint8Array): Uint8Array {
    const last = this.#last.get(face);
    if (last?.length !== mask.length) {
      const first = mask.slice();
      this.#last.set(face, first);
      return first;
    }
    for (let k = 0; k < mask.length; k++) last[k] = last[k]! + Math.round(FOLLOW * (mask[k]! - last[k]!));
    return last;
  }

  /** Forgets all other faces. */
  keep(faces: readonly number[]): void {
    for (const face of this.#last.keys()) if (!faces.includes(face)) this.#last.delete(face);
  }
}
