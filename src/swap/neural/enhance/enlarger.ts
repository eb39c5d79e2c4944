/** Brings squares of one size to another, bilinear with weights of 8 bits: first along the rows, then down the columns. */
export class Enlarger {
  readonly #from: number;
  /** Samples of a row as it is made, of all channels. */
  readonly #width: number;
  /** By sample of such a row: its neighbours in a row as it was, and how much the right one weighs, of 256. */
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #weights: Int32Array;
  /** Rows as they were, made wide, times 256. */
  readonly #wide: Uint16Array;

  /** @param sides pixels each way, before and after; `channels` samples a pixel */
  constructor({ from, side, channels }: { readonly from: number; readonly side: number; readonly channels: number }) {
    const width = side * channels;
    this.#from = from;
    this.#width = width;
    this.#left = new Int32Array(width);
    this.#right = new Int32Array(width);
    this.#weights = new Int32Array(width);
    this.#wide = new Uint16Array(from * width);
    for (let at = 0; at < width; at++) {
      const channel = at % channels;
      const { before, after, weight } = between((at - channel) / channels, { from, side });
      this.#left[at] = before * channels + channel;
      this.#right[at] = after * channels + channel;
      this.#weights[at] = weight;
    }
  }

  /** @param square [from, from, channels]. @param into [side, side, channels] */
  run(square: Uint8Array, into: Uint8Array): void {
    this.#widen(square);
    const [wide, width] = [this.#wide, this.#width];
    const side = into.length / width;
    for (let y = 0, at = 0; y < side; y++) {
      const { before, after, weight } = between(y, { from: this.#from, side });
      let [upper, lower] = [before * width, after * width];
      for (const end = at + width; at < end; at++, upper++, lower++) {
        const above = wide[upper]!;
        into[at] = ((above << 8) + Math.imul(wide[lower]! - above, weight) + 32768) >> 16;
      }
    }
  }

  #widen(square: Uint8Array): void {
    const [wide, width, left, right, weights] = [this.#wide, this.#width, this.#left, this.#right, this.#weights];
    const stride = square.length / this.#from;
    for (let row = 0, at = 0; row < square.length; row += stride) {
      for (let k = 0; k < width; k++, at++) {
        const before = square[row + left[k]!]!;
        wide[at] = (before << 8) + Math.imul(square[row + right[k]!]! - before, weights[k]!);
      }
    }
  }
}

/** Between which two of `from` places one of `side` lies, both held at the edge, and how far from the first, of 256. */
function between(
  place: number,
  { from, side }: { readonly from: number; readonly side: number },
): { before: number; after: number; weight: number } {
  const at = Math.min(from - 1, Math.max(0, ((place + 0.5) * from) / side - 0.5));
  const before = Math.floor(at);
  return { before, after: Math.min(from - 1, before + 1), weight: Math.round((at - before) * 256) };
}
