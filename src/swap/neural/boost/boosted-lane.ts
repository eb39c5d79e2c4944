import { assert } from '../../../errors.ts';
import type { CropLane, SwappedPixels } from '../crop-lane.ts';

/** Bytes of a pixel of a crop. */
const CHANNELS = 3;

/**
 * Pixel boost: a lane that also takes crops k times as fine as its network's. Such a crop goes as k² crops, each of every k-th
 * pixel of every k-th row, all of one frame, and what comes back is put together again, mask included. Its frames are never
 * enhanced: an enhancer would draw each of them its own details.
 */
export class BoostedLane implements CropLane {
  readonly #lane: CropLane;
  readonly #size: number;
  /** Crops of the network's size that no frame uses now. */
  readonly #free: Uint8Array[] = [];

  /** @param size side of the network's crops, pixels */
  constructor(lane: CropLane, size: number) {
    this.#lane = lane;
    this.#size = size;
  }

  async swap(...[crops, options]: Parameters<CropLane['swap']>): ReturnType<CropLane['swap']> {
    const boosts = crops.map((crop) => this.#boostOf(crop));
    if (boosts.every((boost) => boost === 1)) return this.#lane.swap(crops, options);
    const parts = crops.map((crop, index) => this.#split(crop, boosts[index]!));
    const sources = options.sources.flatMap((source, index) => parts[index]!.map(() => source));
    const faces = await this.#lane.swap(parts.flat(), { ...options, sources, enhance: 0 });
    for (const [index, part] of parts.entries()) if (boosts[index]! > 1) this.#free.push(...part);
    if (faces === undefined) return undefined;
    let at = 0;
    return boosts.map((boost) => merge(faces.slice(at, (at += boost ** 2)), boost));
  }

  close(): void {
    this.#lane.close();
  }

  #boostOf(crop: Uint8Array): number {
    const boost = Math.sqrt(crop.length / CHANNELS) / this.#size;
    assert(
      Number.isInteger(boost) && boost > 0,
      `a crop must be whole times as large as the network's [bytes:${crop.length}]`,
    );
    return boost;
  }

  #split(crop: Uint8Array, boost: number): Uint8Array[] {
    if (boost === 1) return [crop];
    const size = this.#size;
    return Array.from({ length: boost ** 2 }, (_, part) => {
      const out = this.#free.pop() ?? new Uint8Array(size ** 2 * CHANNELS);
      const [right, down] = [part % boost, Math.floor(part / boost)];
      for (let row = 0, to = 0; row < size; row++) {
        let from = ((row * boost + down) * size * boost + right) * CHANNELS;
        for (let column = 0; column < size; column++, from += boost * CHANNELS, to += CHANNELS) {
          out[to] = crop[from]!;
          out[to + 1] = crop[from + 1]!;
          out[to + 2] = crop[from + 2]!;
        }
      }
      return out;
    });
  }
}

/** The way back. */
function merge(parts: readonly SwappedPixels[], boost: number): SwappedPixels {
  const [first] = parts;
  assert(first !== undefined, 'a crop is at least one part');
  if (boost === 1) return first;
  const size = Math.sqrt(first.mask.length);
  const pixels = parts.length * first.mask.length;
  const merged = { rgb: new Uint8Array(pixels * CHANNELS), mask: new Uint8Array(pixels) };
  for (const [part, { rgb, mask }] of parts.entries()) {
    const [right, down] = [part % boost, Math.floor(part / boost)];
    for (let row = 0, from = 0; row < size; row++) {
      let to = (row * boost + down) * size * boost + right;
      for (let column = 0; column < size; column++, from++, to += boost) {
        merged.mask[to] = mask[from]!;
        merged.rgb[to * CHANNELS] = rgb[from * CHANNELS]!;
        merged.rgb[to * CHANNELS + 1] = rgb[from * CHANNELS + 1]!;
        merged.rgb[to * CHANNELS + 2] = rgb[from * CHANNELS + 2]!;
      }
    }
  }
  return merged;
}
