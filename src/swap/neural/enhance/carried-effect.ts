import type { SwappedPixels } from '../crop-lane.ts';
import { Enlarger } from './enlarger.ts';

/** Parts of a crop, each way, that are compared by their means: noise and single pixels say nothing. */
const PARTS = 32;
/** Difference of a part's mean luma, of 255, up to which it counts as unchanged, and from which on as another picture. */
const SAME = 6;
const OTHER = 24;

/** Side of a face as the network gives it, and as it is enhanced, pixels. */
export interface EffectSides {
  readonly from: number;
  readonly side: number;
}

/** What an enhancer added to a face, to be added to later faces of the same crop that it did not see. */
export class CarriedEffect {
  readonly sides: EffectSides;
  readonly #picture: Enlarger;
  readonly #single: Enlarger;
  readonly #parts: Enlarger;
  /** [side, side, 3]: enhanced less plain. */
  readonly #added: Int16Array;
  /** Means of the parts of the face that it was learned of, and how far those of another are from them. */
  readonly #then = new Float32Array(PARTS * PARTS);
  readonly #change = new Float32Array(PARTS * PARTS);
  readonly #sure = new Float32Array(PARTS * PARTS);
  /** How much of what was added is taken, 0–255: by part, and by pixel. */
  readonly #trust = new Uint8Array(PARTS * PARTS);
  readonly #trusted: Uint8Array;
  readonly #face: { readonly rgb: Uint8Array; readonly mask: Uint8Array };

  constructor(sides: EffectSides) {
    const { side } = sides;
    const pixels = side * side;
    this.sides = sides;
    this.#picture = new Enlarger({ ...sides, channels: 3 });
    this.#single = new Enlarger({ ...sides, channels: 1 });
    this.#parts = new Enlarger({ from: PARTS, side, channels: 1 });
    this.#added = new Int16Array(3 * pixels);
    this.#trusted = new Uint8Array(pixels);
    this.#face = { rgb: new Uint8Array(3 * pixels), mask: new Uint8Array(pixels) };
  }

  /** Takes in what was made of a plain face. @param enhanced [side, side, 3] uint8. @param plain [from, from, 3] uint8 */
  learn(enhanced: Uint8Array, plain: Uint8Array): void {
    const [added, large] = [this.#added, this.#face.rgb];
    this.#picture.run(plain, large);
    for (let k = 0; k < added.length; k++) added[k] = enhanced[k]! - large[k]!;
    meansOf(plain, this.sides.from, this.#then);
  }

  /** The face with what was added to the one before, less where it has changed; valid until the next call. */
  addTo({ rgb, mask }: SwappedPixels): SwappedPixels {
    const [added, trusted, face] = [this.#added, this.#trusted, this.#face];
    this.#compare(rgb);
    this.#parts.run(this.#trust, trusted);
    this.#single.run(mask, face.mask);
    this.#picture.run(rgb, face.rgb);
    const large = new Uint8ClampedArray(face.rgb.buffer);
    for (let pixel = 0, k = 0; pixel < trusted.length; pixel++) {
      // Of 65536, rounded below.
      const share = trusted[pixel]! * 257;
      for (const end = k + 3; k < end; k++) large[k] = large[k]! + ((added[k]! * share + 32768) >> 16);
    }
    return face;
  }

  /** A part is trusted as far as it and all around it look as they did, but for what the whole face became lighter or darker; softly. */
  #compare(rgb: Uint8Array): void {
    const [then, change] = [this.#then, this.#change];
    meansOf(rgb, this.sides.from, change);
    let lighter = 0;
    for (let part = 0; part < change.length; part++) lighter += (change[part]! - then[part]!) / change.length;
    for (let part = 0; part < change.length; part++) change[part] = Math.abs(change[part]! - then[part]! - lighter);
    const sure = this.#sure;
    around(change, sure, Math.max);
    for (let part = 0; part < sure.length; part++)
      sure[part] = Math.min(1, Math.max(0, (OTHER - sure[part]!) / (OTHER - SAME)));
    around(sure, change, (sum, value) => sum + value / 9);
    for (let part = 0; part < change.length; part++) this.#trust[part] = 255 * change[part]! + 0.5;
  }
}

/** Puts nine together for each part: itself and those around it, held at the edge. */
function around(parts: Float32Array, into: Float32Array, put: (sum: number, value: number) => number): void {
  for (let row = 0, part = 0; row < PARTS; row++) {
    for (let column = 0; column < PARTS; column++, part++) {
      let sum = 0;
      for (let y = row - 1; y <= row + 1; y++)
        for (let x = column - 1; x <= column + 1; x++) sum = put(sum, parts[held(y) * PARTS + held(x)]!);
      into[part] = sum;
    }
  }
}

function held(place: number): number {
  return Math.min(PARTS - 1, Math.max(0, place));
}

/** The mean luma of each part of a square of RGB, nearly: green counts twice. */
function meansOf(rgb: Uint8Array, side: number, means: Float32Array): void {
  means.fill(0);
  for (let y = 0, at = 0; y < side; y++) {
    const row = Math.floor((y * PARTS) / side) * PARTS;
    for (let x = 0; x < side; x++, at += 3)
      means[row + Math.floor((x * PARTS) / side)]! += rgb[at]! + 2 * rgb[at + 1]! + rgb[at + 2]!;
  }
  // Where the side is no multiple some parts have a row more than others: in both pictures alike.
  const share = PARTS ** 2 / (4 * side * side);
  for (let part = 0; part < means.length; part++) means[part]! *= share;
}
