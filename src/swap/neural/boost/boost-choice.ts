/** How much finer than a crop a picture may be before a finer crop is cut, and how much less before a coarser one will do. */
const ABOVE = 0.25;
const BELOW = 0.1;

/**
 * How finely each face is cut: as the picture shows it, no finer, since every step costs its square of crops. A face that comes
 * and goes at the border between two keeps what it has, so that its sharpness does not flicker.
 */
export class BoostChoice {
  readonly #most: number;
  readonly #chosen = new Map<number, number>();

  /** @param most times the network's size, each way */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * For the faces of one frame, in their order: how many times as fine each is cut. Faces that are not among them are forgotten.
   * @param faces `scale`: pixels of the picture that one of the network's crop covers, each way
   * @param options `most` for now; `crops` of the network's size that a frame may have
   */
  choose(
    faces: readonly { readonly id: number; readonly scale: number }[],
    { most, crops }: { readonly most: number; readonly crops: number },
  ): number[] {
    for (const id of this.#chosen.keys()) if (!faces.some((face) => face.id === id)) this.#chosen.delete(id);
    const finest = Math.max(1, Math.min(this.#most, most));
    const boosts = faces.map(({ id, scale }) => {
      const last = this.#chosen.get(id);
      const keeps = last !== undefined && scale <= last + ABOVE && scale > last - 1 - BELOW;
      const boost = keeps ? last : Math.ceil(scale - ABOVE / 2);
      const within = Math.max(1, Math.min(finest, boost));
      this.#chosen.set(id, within);
      return within;
    });
    // The finest give way first: what they lose shows least.
    while (sumOfSquares(boosts) > crops && Math.max(...boosts) > 1) {
      const finestNow = Math.max(...boosts);
      boosts[boosts.indexOf(finestNow)] = finestNow - 1;
    }
    return boosts;
  }
}

function sumOfSquares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value ** 2, 0);
}
