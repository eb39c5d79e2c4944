import { boxMask, USUAL_BOX } from './box-mask.ts';
import type { FaceShape } from './face-shape.ts';
import { fillOutline } from './fill-outline.ts';
import { Softener } from './soften.ts';

/** How the mask of a face is wanted. */
export interface MaskLook {
  /** The new face ends with the caller's face, not with its crop. */
  readonly hull: boolean;
  /** How much of the caller's own mouth is kept, 0..1. */
  readonly mouth: number;
  /** Share of the side that is cut off at each edge besides, and how soft that is, as a box's `blur`. 0, 0: as the recipe has it. */
  readonly padding: number;
  readonly blur: number;
  /** Under exposure policy `never`: a mask that would show most of the caller's face is not believed. */
  readonly strict: boolean;
}

/** Of all that a recipe gives, without a change. */
export const PLAIN_MASK: MaskLook = { hull: false, mouth: 0, padding: 0, blur: 0, strict: false };

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
  /** The box that was asked for last. */
  #box: { readonly padding: number; readonly blur: number; readonly mask: Uint8Array } | undefined;

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
    const { hull, mouth, padding, blur, strict } = look;
    const boxed = padding > 0 || blur > 0;
    if (!hull && mouth === 0 && !boxed && !strict) return mask;
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
    if (boxed) this.#cut(shaped, shape, { scale, padding, blur });
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

  /** To the box, but for the mouth: with some templates it comes near the edge when it is open. */
  #cut(
    mask: Uint8Array,
    { lips }: FaceShape,
    { scale, padding, blur }: { readonly scale: number } & Pick<MaskLook, 'padding' | 'blur'>,
  ): void {
    if (this.#box?.padding !== padding || this.#box.blur !== blur) {
      const softness = blur > 0 ? blur : USUAL_BOX.blur;
      const border = softness / 4 + padding;
      const mask = boxMask(this.#side, { blur: softness, padding: [border, border, border, border] });
      this.#box = { padding, blur, mask };
    }
    const box = this.#box.mask;
    const shares = this.#shares;
    fillOutline(lips, scale, shares, this.#side);
    this.#lipSoftener.blur(shares);
    for (let k = 0; k < mask.length; k++) {
      if (box[k]! < mask[k]!) mask[k] = Math.max(box[k]!, mask[k]! * Math.min(1, 2 * shares[k]!));
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
