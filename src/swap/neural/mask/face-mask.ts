import type { FaceShape } from './face-shape.ts';
import { fillOutline } from './fill-outline.ts';
import { Softener } from './soften.ts';

/** How the mask of a face is wanted. */
export interface MaskLook {
  /** The new face ends with the caller's face, not with its crop. */
  readonly hull: boolean;
  /** How much of the caller's own mouth is kept, 0..1. */
  readonly mouth: number;
  /** Under exposure policy `never`: a mask that would show most of the caller's face is not believed. */
  readonly strict: boolean;
}

/** Of all that a recipe gives, without a change. */
export const PLAIN_MASK: MaskLook = { hull: false, mouth: 0, strict: false };

/** Share of the face that has to be the new one's, under strictness: a hand before it or a fringe covers less than the rest. */
const LEAST = 0.4;
/** Softness around a kept mouth, and of the crop's own edge where a mask is not believed, as shares of the side. */
const MOUTH_EDGE = 1 / 64;
const CROP_EDGE = 1 / 12;

/** Shapes the masks of crops of one size. Keeps its buffers, so that no frame allocates any. */
export class FaceMask {
  readonly #side: number;
  readonly #softener: Softener;
  readonly #lipSoftener: Softener;
  readonly #shares: Float32Array;
  readonly #mask: Uint8Array;

  constructor(side: number) {
    const reach = Math.max(1, Math.round(MOUTH_EDGE * side));
    this.#side = side;
    this.#softener = new Softener(side);
    this.#lipSoftener = new Softener(side, [reach, reach]);
    this.#shares = new Float32Array(side * side);
    this.#mask = new Uint8Array(side * side);
  }

  /**
   * @param mask [side, side] uint8; it stays as it is
   * @param shape in a crop whose side is `size`
   * @returns the mask itself where nothing is to be done, else a buffer that is valid until the next call
   */
  shape(
    mask: Uint8Array,
    shape: FaceShape,
    { size, look }: { readonly size: number; readonly look: MaskLook },
  ): Uint8Array {
    const { hull, mouth, strict } = look;
    if (!hull && mouth === 0 && !strict) return mask;
    const scale = this.#side / size;
    const shaped = this.#mask;
    shaped.set(mask);
    if (hull || strict) {
      fillOutline(shape.oval, scale, this.#shares, this.#side);
      const believed = !strict || this.#coverage(mask) >= LEAST;
      if (hull || !believed) this.#softener.soften(this.#shares);
      if (!believed) this.#raise(shaped);
      if (hull) this.#lower(shaped);
    }
    if (mouth > 0) this.#open(shaped, shape, scale, mouth);
    return shaped;
  }

  /** How much of what `shares` has is the new face's, 0..1; all if there is nothing. */
  #coverage(mask: Uint8Array): number {
    const shares = this.#shares;
    let [inside, covered] = [0, 0];
    for (let k = 0; k < mask.length; k++) {
      if (shares[k] === 0) continue;
      inside += 255;
      covered += mask[k]!;
    }
    return inside === 0 ? 1 : covered / inside;
  }

  /** To the hull, but for the crop's own edge. */
  #raise(mask: Uint8Array): void {
    const [side, shares] = [this.#side, this.#shares];
    for (let y = 0, k = 0; y < side; y++) {
      const down = Math.min(1, (Math.min(y, side - 1 - y) + 0.5) / (CROP_EDGE * side));
      for (let x = 0; x < side; x++, k++) {
        const across = Math.min(1, (Math.min(x, side - 1 - x) + 0.5) / (CROP_EDGE * side));
        const share = shares[k]! * down * across * 255;
        if (share > mask[k]!) mask[k] = share;
      }
    }
  }

  #lower(mask: Uint8Array): void {
    const shares = this.#shares;
    for (let k = 0; k < mask.length; k++) {
      const share = shares[k]! * 255;
      if (share < mask[k]!) mask[k] = share + 0.5;
    }
  }

  #open(mask: Uint8Array, { lips }: FaceShape, scale: number, mouth: number): void {
    const shares = this.#shares;
    fillOutline(lips, scale, shares, this.#side);
    this.#lipSoftener.blur(shares);
    for (let k = 0; k < mask.length; k++) {
      if (shares[k]! > 0) mask[k] = mask[k]! * (1 - mouth * shares[k]!) + 0.5;
    }
  }
}
