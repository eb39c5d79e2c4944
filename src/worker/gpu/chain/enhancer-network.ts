import { halfValues } from '../../../onnx/float16.ts';
import type { BatchSession } from '../../../onnx/device/batch-session.ts';
import { CROP_ENDS } from '../../../onnx/prepare/rewrites/crops/crop-ends.ts';
import { useEnhancerEnds, type EnhancerEnds } from '../../../onnx/prepare/rewrites/crops/enhancer-ends.ts';
import { templatePoints, type TemplateName } from '../../../swap/neural/align/templates.ts';
import type { EnhancerNetworkOptions } from '../../wire/gpu-chain.ts';
import { softPictures } from '../network/agreement.ts';
import type { BesideInputs, BesideSpec, PlainEnds } from '../network/beside-network.ts';
import { RANGES } from '../pixels.ts';
import { CropFill } from './crop-fill.ts';
import { Resampler, type Placing } from './resampler.ts';

/** Part of the enhancer's side over which its work fades in from its edge. */
const FADE = 0.05;

/** How crops of the swap network are laid. */
export interface EnhancedCrop {
  readonly size: number;
  readonly template: TemplateName;
}

/**
 * A network that draws new faces more finely: of crops, [n, size, size, 3] uint8, RGB, an amount of each, 0..1, and masks, [n, size, size]
 * uint8, it gives larger crops and masks. What it gives that is no number is not taken: the crop is then only enlarged.
 */
export function enhancerSpec(enhancer: EnhancerNetworkOptions, crop: EnhancedCrop): BesideSpec {
  const { file, size, weight, gives } = enhancer;
  const published = { extents: [3, size, size] };
  const side = crop.size;
  const { crops, amounts, masks } = CROP_ENDS;
  const numbers = { weight };
  return {
    file,
    key: ['enhancer', crop, { ...enhancer, file: undefined }],
    contracts: {
      floats: { inputs: { input: published }, outputs: [published], numbers },
      bytes: {
        inputs: {
          [crops]: { type: 'uint8', extents: [side, side, 3] },
          [amounts]: { extents: [] },
          [masks]: { type: 'uint8', extents: [side, side] },
        },
        outputs: [
          { type: 'uint8', extents: [gives, gives, 3] },
          { type: 'uint8', extents: [gives, gives] },
        ],
        numbers,
      },
    },
    takes: { [crops]: 3 * side * side, [amounts]: 1, [masks]: side * side },
    gives: [3 * gives * gives, gives * gives],
    giveEnds: (graph) => useEnhancerEnds(graph, enhancerEnds(enhancer, crop)),
    plainEnds: (session) => new PlainEnhancer(session, enhancer, crop),
    sample: (count) => ({
      [crops]: softPictures(count, side),
      [amounts]: Float32Array.from({ length: count }, (_, k) => 1 / (k + 1)),
      [masks]: softPictures(count, side).subarray(0, count * side * side),
    }),
  };
}

/** How its square, the crop, and the larger crop lie in each other, and what its numbers mean. */
function geometryOf(enhancer: EnhancerNetworkOptions, crop: EnhancedCrop) {
  const { size, gives, output } = enhancer;
  const placing = placingOf(crop, enhancer);
  const { scale, shiftX, shiftY } = placing;
  // The way back, and from the larger crop's pixels to those of the crop.
  const back = { scale: crop.size / gives / scale, shiftX: -shiftX / scale, shiftY: -shiftY / scale };
  const [gain, offset] = output === 'unit' ? [255, 0] : [127.5, 127.5];
  return {
    placing,
    enlarge: new Resampler(crop.size, gives),
    back: new Resampler(size, gives, back),
    fadeX: fadeOf(gives, size, back.scale, back.shiftX),
    fadeY: fadeOf(gives, size, back.scale, back.shiftY),
    gain,
    offset,
  };
}

/** The same arithmetic as that of `PlainEnhancer`, for the graph. */
function enhancerEnds(enhancer: EnhancerNetworkOptions, crop: EnhancedCrop): EnhancerEnds {
  const { size, gives, input } = enhancer;
  const { placing, enlarge, back, fadeX, fadeY, gain, offset } = geometryOf(enhancer, crop);
  const resampling = new Resampler(crop.size, size, placing).whole;
  return {
    taking: { size: crop.size, resampling, range: RANGES[input], layout: 'nchw', colours: 'rgb' },
    gain,
    offset,
    back: back.whole,
    enlarging: enlarge.whole,
    fade: Float32Array.from({ length: gives * gives }, (_, k) => fadeX[k % gives]! * fadeY[Math.floor(k / gives)]!),
  };
}

/** The ends of a file as it was published. */
class PlainEnhancer implements PlainEnds {
  readonly #session: BatchSession;
  readonly #gives: number;
  readonly #fill: CropFill;
  readonly #geometry: ReturnType<typeof geometryOf>;
  readonly #source: Float32Array;
  readonly #given: Float32Array;
  readonly #plain: Float32Array;
  readonly #fine: Float32Array;

  constructor(session: BatchSession, enhancer: EnhancerNetworkOptions, crop: EnhancedCrop) {
    const { size, gives, input } = enhancer;
    this.#session = session;
    this.#gives = gives;
    this.#geometry = geometryOf(enhancer, crop);
    this.#fill = new CropFill({ from: crop.size, to: size, placing: this.#geometry.placing, input });
    this.#source = new Float32Array(crop.size ** 2);
    this.#given = new Float32Array(size * size);
    this.#plain = new Float32Array(gives * gives);
    this.#fine = new Float32Array(gives * gives);
  }

  fill(inputs: BesideInputs): void {
    this.#fill.fill(inputs[CROP_ENDS.crops]!, this.#session.inputs['input']!);
  }

  read(inputs: BesideInputs, [picture, large]: readonly [Uint8Array, Uint8Array]): void {
    const [source, plain] = [this.#source, this.#plain];
    const { enlarge } = this.#geometry;
    const rgb = inputs[CROP_ENDS.crops]!;
    const amount = inputs[CROP_ENDS.amounts]![0]!;
    for (let channel = 0; channel < 3; channel++) {
      for (let k = 0, at = channel; k < source.length; k++, at += 3) source[k] = rgb[at]!;
      enlarge.run(source, plain);
      this.#mix(picture, { channel, amount });
    }
    source.set(inputs[CROP_ENDS.masks]!);
    enlarge.run(source, plain);
    new Uint8ClampedArray(large.buffer, large.byteOffset, large.length).set(plain);
  }

  #mix(picture: Uint8Array, { channel, amount }: { readonly channel: number; readonly amount: number }): void {
    const [given, plain, fine, gives] = [this.#given, this.#plain, this.#fine, this.#gives];
    const { back, fadeX, fadeY } = this.#geometry;
    const into = new Uint8ClampedArray(picture.buffer, picture.byteOffset, picture.length);
    const taken = this.#read(channel) ? amount : 0;
    back.run(given, fine);
    for (let y = 0, k = 0, at = channel; y < gives; y++) {
      const share = taken * fadeY[y]!;
      for (let x = 0; x < gives; x++, k++, at += 3) {
        const mix = share * fadeX[x]!;
        into[at] = mix === 0 ? plain[k]! : plain[k]! + mix * (fine[k]! - plain[k]!);
      }
    }
  }

  /** Reads one channel of the output as 0..255, clipped. False if something in it is no number. */
  #read(channel: number): boolean {
    const [given, output] = [this.#given, this.#session.outputs[0]!];
    const { gain, offset } = this.#geometry;
    const values = output instanceof Uint16Array ? halfValues() : undefined;
    let sum = 0;
    for (let k = 0, at = channel * given.length; k < given.length; k++, at++) {
      const value = (values === undefined ? output[at]! : values[output[at]!]!) * gain + offset;
      sum += value;
      given[k] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
    return Number.isFinite(sum);
  }
}

/**
 * Where a point of what the enhancer takes lies in the crop: scale and move by least squares over the templates' five points. Turning is
 * left out: templates stand upright to half a degree.
 */
function placingOf(crop: EnhancedCrop, { size, template }: EnhancerNetworkOptions): Placing {
  const from = templatePoints(template, size);
  const to = templatePoints(crop.template, crop.size);
  const mean = (points: Float32Array, axis: 0 | 1): number =>
    points.reduce((sum, value, k) => (k % 2 === axis ? sum + value : sum), 0) / (points.length / 2);
  const [fx, fy, tx, ty] = [mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1)];
  let [along, spread] = [0, 0];
  for (let k = 0; k < from.length; k += 2) {
    const [x, y] = [from[k]! - fx, from[k + 1]! - fy];
    along += x * (to[k]! - tx) + y * (to[k + 1]! - ty);
    spread += x * x + y * y;
  }
  const scale = along / spread;
  return { scale, shiftX: tx - scale * fx, shiftY: ty - scale * fy };
}

/** 0 where a sample lies at or beyond the edge of the enhancer's square, 1 where it lies well inside. */
function fadeOf(gives: number, size: number, scale: number, shift: number): Float32Array {
  return Float32Array.from({ length: gives }, (_, k) => {
    const at = scale * (k + 0.5) + shift;
    return Math.min(1, Math.max(0, Math.min(at, size - at) / (FADE * size)));
  });
}
