import { narrowFloat16 } from '../../../onnx/float16.ts';
import type { TensorValues } from '../../../onnx/device/batch-session.ts';
import { byteTables } from '../pixels.ts';
import { Resampler, type Placing } from './resampler.ts';

export interface CropFillOptions {
  /** Sides of the crop and of what the network takes, pixels. */
  readonly from: number;
  readonly to: number;
  /** Default: edge to edge. */
  readonly placing?: Placing;
  readonly input: 'unit' | 'signed' | 'imagenet';
  readonly layout?: 'nchw' | 'nhwc';
  readonly colours?: 'rgb' | 'bgr';
}

/** Makes the input of a network of a crop of another size. */
export class CropFill {
  readonly #options: CropFillOptions;
  readonly #tables: readonly Float32Array[];
  readonly #resampler: Resampler;
  readonly #plane: Float32Array;
  readonly #resized: Float32Array;

  constructor(options: CropFillOptions) {
    const { from, to, placing, input } = options;
    this.#options = options;
    this.#tables = byteTables(input);
    this.#resampler = new Resampler(from, to, placing);
    this.#plane = new Float32Array(from * from);
    this.#resized = new Float32Array(to * to);
  }

  /** @param rgb [from, from, 3] uint8 @param tensor [1, 3, to, to] or [1, to, to, 3], written */
  fill(rgb: ArrayLike<number>, tensor: TensorValues): void {
    const { layout, colours, to } = this.#options;
    const [plane, resized] = [this.#plane, this.#resized];
    const elements = to * to;
    for (let channel = 0; channel < 3; channel++) {
      const colour = colours === 'bgr' ? 2 - channel : channel;
      const table = this.#tables[colour]!;
      for (let k = 0, at = colour; k < plane.length; k++, at += 3) plane[k] = table[rgb[at]!]!;
      const [first, step] = layout === 'nhwc' ? [channel, 3] : [channel * elements, 1];
      const half = tensor instanceof Uint16Array;
      if (tensor instanceof Float32Array && step === 1) {
        this.#resampler.run(plane, tensor.subarray(first, first + elements));
        continue;
      }
      this.#resampler.run(plane, resized);
      for (let k = 0, at = first; k < elements; k++, at += step)
        tensor[at] = half ? narrowFloat16(resized[k]!) : resized[k]!;
    }
  }
}
