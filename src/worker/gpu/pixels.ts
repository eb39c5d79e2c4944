import { HALVES, halfValues, narrowFloat16 } from '../../onnx/float16.ts';
import type { TensorValues } from '../../onnx/device/batch-session.ts';
import type { GpuRecipe } from '../wire/gpu-protocol.ts';

/** Mean and deviation of each channel, of 0..1. */
export const RANGES: Record<GpuRecipe['input'], readonly (readonly [mean: number, deviation: number])[]> = {
  unit: [
    [0, 1],
    [0, 1],
    [0, 1],
  ],
  signed: [
    [0.5, 0.5],
    [0.5, 0.5],
    [0.5, 0.5],
  ],
  // The usual ones of networks trained on ImageNet (torchvision).
  imagenet: [
    [0.485, 0.229],
    [0.456, 0.224],
    [0.406, 0.225],
  ],
};

/** The element of a tensor for each byte, by channel: there are only 256 of them. */
type ByteTable = readonly TensorValues[];

/** What the network takes of each byte, by channel. */
export function byteTables(range: GpuRecipe['input']): readonly Float32Array[] {
  return RANGES[range].map(([mean, deviation]) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / deviation),
  );
}

/** Makes tensors of pixels: [size, size, 3] uint8 to [3, size, size] in the range that the network takes. */
export class PixelFill {
  readonly #tables: ByteTable;

  constructor(range: GpuRecipe['input'], { half }: { readonly half: boolean }) {
    this.#tables = byteTables(range).map((values) => (half ? Uint16Array.from(values, narrowFloat16) : values));
  }

  /** Writes `crops` pictures to the start of `tensor`. */
  fill(
    tensor: TensorValues,
    pixels: Uint8Array,
    { crops, size }: { readonly crops: number; readonly size: number },
  ): void {
    const plane = size * size;
    const [red, green, blue] = this.#tables as [TensorValues, TensorValues, TensorValues];
    let from = 0;
    for (let crop = 0; crop < crops; crop++) {
      let to = crop * 3 * plane;
      for (const end = to + plane; to < end; to++, from += 3) {
        tensor[to] = red[pixels[from]!]!;
        tensor[to + plane] = green[pixels[from + 1]!]!;
        tensor[to + 2 * plane] = blue[pixels[from + 2]!]!;
      }
    }
  }
}

/** Makes pixels of tensors: [3, size, size] in the range that the network gives, to [size, size, 3] uint8, clipped. */
export class PixelRead {
  readonly #halves: Uint8ClampedArray | undefined;
  readonly #gain: number;
  readonly #offset: number;

  constructor(range: GpuRecipe['output'], { half }: { readonly half: boolean }) {
    this.#gain = range === 'unit' ? 255 : 127.5;
    this.#offset = range === 'unit' ? 0 : 127.5;
    if (!half) return;
    const values = halfValues();
    this.#halves = Uint8ClampedArray.from({ length: HALVES }, (_, bits) => values[bits]! * this.#gain + this.#offset);
  }

  /** Reads `crops` pictures from the start of `tensor`. @returns those with a number that is not finite */
  read(
    tensor: TensorValues,
    pixels: Uint8Array,
    { crops, size }: { readonly crops: number; readonly size: number },
  ): number[] {
    const broken: number[] = [];
    const plane = size * size;
    const clipped = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    const halves = this.#halves;
    for (let crop = 0; crop < crops; crop++) {
      let finite = true;
      for (let channel = 0; channel < 3; channel++) {
        let from = (crop * 3 + channel) * plane;
        let to = crop * 3 * plane + channel;
        const end = from + plane;
        // A sum is finite if all it is of are; halves with all bits of the exponent are not.
        let sum = 0;
        if (halves === undefined) {
          for (; from < end; from++, to += 3) {
            const value = tensor[from]!;
            sum += value;
            clipped[to] = value * this.#gain + this.#offset;
          }
        } else {
          for (; from < end; from++, to += 3) {
            const bits = tensor[from]!;
            if ((bits & 0x7c00) === 0x7c00) sum = NaN;
            clipped[to] = halves[bits]!;
          }
        }
        if (!Number.isFinite(sum)) finite = false;
      }
      if (!finite) broken.push(crop);
    }
    return broken;
  }
}
