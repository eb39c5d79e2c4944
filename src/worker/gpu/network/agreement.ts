import type { GpuRecipe } from '../../wire/gpu-protocol.ts';
import type { EngineBatch, OpenNetwork } from '../engine.ts';

/** How far pictures are from each other, in steps of 8 bits. */
export interface Difference {
  readonly most: number;
  readonly mean: number;
}

/** Crops and sources to compare two files of a recipe by: soft pictures, each another, and sources of about the length of an embedding. */
export function sampleBatch({ size, source }: GpuRecipe, crops: number): EngineBatch {
  const sources = Array.from({ length: crops }, (_, crop) =>
    source.kind === 'image' ? softPicture(source.size, crop + 11) : unitVector(source.length, crop + 1),
  );
  return { crops, filled: crops, pixels: softPictures(crops, size), sources };
}

/** Runs a batch crop by crop. @returns the pictures, and masks behind them if the network gives any */
export async function runSingly(network: OpenNetwork, batch: EngineBatch): Promise<Uint8Array> {
  const pixels = new Uint8Array(batch.pixels);
  const length = pixels.length / batch.crops;
  const masks: Uint8Array[] = [];
  for (const [crop, source] of batch.sources.entries()) {
    const one = pixels.subarray(crop * length, (crop + 1) * length);
    const { masks: given } = await network.run({ crops: 1, filled: 1, pixels: one, sources: [source] });
    if (given !== undefined) masks.push(given.slice());
  }
  return Buffer.concat([pixels, ...masks]);
}

/** Runs a batch at once. @returns the same */
export async function runTogether(network: OpenNetwork, batch: EngineBatch): Promise<Uint8Array> {
  const pixels = new Uint8Array(batch.pixels);
  const { masks } = await network.run({ ...batch, pixels });
  return masks === undefined ? pixels : Buffer.concat([pixels, masks]);
}

export function differenceOf(one: Uint8Array, other: Uint8Array): Difference {
  let [most, sum] = [0, 0];
  for (let k = 0; k < one.length; k++) {
    const far = Math.abs(one[k]! - other[k]!);
    most = Math.max(most, far);
    sum += far;
  }
  return { most, mean: sum / one.length };
}

/** Soft pictures one behind the other, each another. @returns [count, size, size, 3] */
export function softPictures(count: number, size: number): Uint8Array {
  return Buffer.concat(Array.from({ length: count }, (_, k) => softPicture(size, k + 1)));
}

/** Waves of every length, other ones for each seed and colour. */
function softPicture(size: number, seed: number): Uint8Array {
  const wave = (at: number, period: number, phase: number): number => Math.sin((2 * Math.PI * at) / period + phase);
  return Uint8Array.from({ length: 3 * size * size }, (_, k) => {
    const [x, y, colour] = [Math.floor(k / 3) % size, Math.floor(k / 3 / size), k % 3];
    const sum = wave(x, size / seed, colour) + wave(y, size / (seed + 1), 2 * colour) + wave(x + y * seed, 7, seed);
    return 127.5 + 42 * sum;
  });
}

/** A vector of length 1, float32 as bytes. */
function unitVector(length: number, seed: number): Uint8Array {
  const values = Float32Array.from({ length }, (_, k) => Math.sin(seed + k * k * 0.7));
  const norm = Math.hypot(...values);
  return new Uint8Array(values.map((value) => value / norm).buffer);
}
