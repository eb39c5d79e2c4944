import { halfValues } from '../../../onnx/float16.ts';
import type { BatchSession, TensorValues } from '../../../onnx/device/batch-session.ts';
import { CROP_ENDS } from '../../../onnx/prepare/rewrites/crops/crop-ends.ts';
import { useMaskEnds, type MaskEnds } from '../../../onnx/prepare/rewrites/crops/mask-ends.ts';
import { Softener } from '../../../swap/neural/mask/soften.ts';
import type { MaskNetworkOptions } from '../../wire/gpu-chain.ts';
import { softPictures } from '../network/agreement.ts';
import type { BesideInputs, BesideSpec, PlainEnds } from '../network/beside-network.ts';
import { RANGES } from '../pixels.ts';
import { CropFill } from './crop-fill.ts';
import { Resampler } from './resampler.ts';

/**
 * A network that says where in a crop the new face is to be seen: of crops, [n, crop, crop, 3] uint8, RGB, it gives masks, [n, crop, crop]
 * uint8. What is no number says nothing, 255: a broken mask must not show who is beneath.
 * @param crop side of the crops, pixels
 */
export function maskSpec(mask: MaskNetworkOptions, crop: number): BesideSpec {
  const { file, size, layout, colours, input, gives } = mask;
  const given =
    gives.kind === 'region' ? [gives.count, size, size] : layout === 'nhwc' ? [size, size, 1] : [1, size, size];
  const taken = layout === 'nhwc' ? [size, size, 3] : [3, size, size];
  return {
    file,
    key: ['mask', crop, size, layout, colours, input, gives],
    contracts: {
      floats: { inputs: { input: { extents: taken } }, outputs: [{ extents: given }] },
      bytes: {
        inputs: { [CROP_ENDS.crops]: { type: 'uint8', extents: [crop, crop, 3] } },
        outputs: [{ type: 'uint8', extents: [crop, crop] }],
      },
    },
    takes: { [CROP_ENDS.crops]: 3 * crop * crop },
    gives: [crop * crop],
    giveEnds: (graph) => useMaskEnds(graph, maskEnds(mask, crop)),
    plainEnds: (session) => new PlainMask(session, mask, crop),
    sample: (crops) => ({ [CROP_ENDS.crops]: softPictures(crops, crop) }),
  };
}

/** The same arithmetic as that of `PlainMask`, for the graph. */
function maskEnds({ size, layout, colours, input, gives }: MaskNetworkOptions, crop: number): MaskEnds {
  const resampling = new Resampler(crop, size).whole;
  const taking = { size: crop, resampling, range: RANGES[input], layout, colours };
  const softening = new Softener(crop).weights;
  if (gives.kind === 'region') {
    const isFace = Array.from({ length: gives.count }, (_, index) => (gives.face.includes(index) ? 1 : 0));
    const at = Array.from({ length: crop }, (_, k) => nearest(k, crop, size));
    const soften = { from: crop, to: crop, across: softening, down: softening };
    return { taking, giving: { kind: 'classes', isFace, at, softening: soften } };
  }
  const back = new Resampler(size, crop).whole;
  const soft = product(softening, back.across, crop);
  return { taking, giving: { kind: 'share', resampling: { ...back, across: soft, down: soft } } };
}

/** Of a sample of the crop the one at its middle. */
function nearest(k: number, crop: number, size: number): number {
  return Math.floor(((k + 0.5) * size) / crop);
}

/** Of [inner, inner] and [inner, columns]. */
function product(one: Float32Array, other: Float32Array, inner: number): Float32Array {
  const columns = other.length / inner;
  return Float32Array.from({ length: other.length }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += one[row * inner + k]! * other[k * columns + column]!;
    return sum;
  });
}

/** The ends of a file as it was published. */
class PlainMask implements PlainEnds {
  readonly #session: BatchSession;
  readonly #options: MaskNetworkOptions;
  readonly #fill: CropFill;
  readonly #resampler: Resampler;
  readonly #softener: Softener;
  /** What it gives, as it gives it and at the crop's size. */
  readonly #given: Float32Array;
  readonly #shares: Float32Array;
  readonly #isFace: Uint8Array;
  readonly #crop: number;

  constructor(session: BatchSession, options: MaskNetworkOptions, crop: number) {
    const { size, gives } = options;
    this.#session = session;
    this.#options = options;
    this.#crop = crop;
    this.#fill = new CropFill({ ...options, from: crop, to: size });
    this.#resampler = new Resampler(size, crop);
    this.#softener = new Softener(crop);
    this.#given = new Float32Array(gives.kind === 'region' ? 0 : size * size);
    this.#shares = new Float32Array(crop * crop);
    this.#isFace = new Uint8Array(256);
    if (gives.kind === 'region') for (const index of gives.face) this.#isFace[index] = 1;
  }

  fill(inputs: BesideInputs): void {
    this.#fill.fill(inputs[CROP_ENDS.crops]!, this.#session.inputs['input']!);
  }

  read(_: BesideInputs, [mask]: readonly [Uint8Array]): void {
    const shares = this.#shares;
    const { gives, size } = this.#options;
    if (gives.kind === 'region') this.#readClasses(this.#session.outputs[0]!, gives.count, size);
    else this.#readShares(this.#session.outputs[0]!);
    if (!shares.every(Number.isFinite)) return void mask.fill(255);
    this.#softener.soften(shares);
    for (let k = 0; k < shares.length; k++) mask[k] = shares[k]! * 255 + 0.5;
  }

  #readShares(output: TensorValues): void {
    const given = this.#given;
    const values = output instanceof Uint16Array ? halfValues() : undefined;
    for (let k = 0; k < given.length; k++) given[k] = values === undefined ? output[k]! : values[output[k]!]!;
    for (let k = 0; k < given.length; k++) {
      if (given[k]! < 0) given[k] = 0;
      else if (given[k]! > 1) given[k] = 1;
    }
    this.#resampler.run(given, this.#shares);
  }

  /** Of each pixel of the crop the class at its middle: it is softened far beyond what lies between. */
  #readClasses(output: TensorValues, count: number, size: number): void {
    const [crop, shares, isFace] = [this.#crop, this.#shares, this.#isFace];
    const values = output instanceof Uint16Array ? halfValues() : undefined;
    const plane = size * size;
    for (let y = 0, to = 0; y < crop; y++) {
      const row = nearest(y, crop, size) * size;
      for (let x = 0; x < crop; x++, to++) {
        let at = row + nearest(x, crop, size);
        let most = -Infinity;
        let best = -1;
        for (let index = 0; index < count; index++, at += plane) {
          const score = values === undefined ? output[at]! : values[output[at]!]!;
          if (score <= most) continue;
          most = score;
          best = index;
        }
        shares[to] = isFace[best] ?? NaN;
      }
    }
  }
}
