import { halfValues } from '../../../onnx/float16.ts';
import type { BatchSession } from '../../../onnx/device/batch-session.ts';
import { templatePoints, type TemplateName } from '../../../swap/neural/align/templates.ts';
import type { EnhancerNetworkOptions } from '../../wire/gpu-chain.ts';
import type { OpenBeside } from '../engine.ts';
import { CropFill } from './crop-fill.ts';
import { Resampler, type Placing } from './resampler.ts';

/** Part of the enhancer's side over which its work fades in from its edge. */
const FADE = 0.05;

/** How crops of the swap network are laid. */
export interface EnhancedCrop {
  readonly size: number;
  readonly template: TemplateName;
}

/** A network that draws new faces more finely, run crop by crop. */
export class EnhancerNetwork {
  /** Side of what it makes of a crop, pixels. */
  readonly gives: number;
  readonly #session: BatchSession;
  readonly #fill: CropFill;
  readonly #enlarge: Resampler;
  readonly #back: Resampler;
  readonly #source: Float32Array;
  readonly #given: Float32Array;
  readonly #plain: Float32Array;
  readonly #fine: Float32Array;
  /** Of a row, and of a column: how much of the enhancer is taken there. */
  readonly #fadeX: Float32Array;
  readonly #fadeY: Float32Array;
  readonly #gain: number;
  readonly #offset: number;

  /** @throws GatewayError as `BatchSession.open` */
  static async open(
    network: EnhancerNetworkOptions,
    { crop, openBeside }: { readonly crop: EnhancedCrop; readonly openBeside: OpenBeside },
  ): Promise<EnhancerNetwork> {
    const { file, size, weight } = network;
    const extents = [3, size, size];
    const contract = { inputs: { input: { extents } }, outputs: [{ extents }], numbers: { weight } };
    return new EnhancerNetwork(await openBeside(file, contract), network, crop);
  }

  private constructor(session: BatchSession, network: EnhancerNetworkOptions, crop: EnhancedCrop) {
    const { size, gives, input, output } = network;
    this.#session = session;
    this.gives = gives;
    const placing = placingOf(crop, network);
    this.#fill = new CropFill({ from: crop.size, to: size, placing, input });
    this.#enlarge = new Resampler(crop.size, gives);
    // The way back, and from the larger crop's pixels to those of the crop.
    const { scale, shiftX, shiftY } = placing;
    const back = { scale: crop.size / gives / scale, shiftX: -shiftX / scale, shiftY: -shiftY / scale };
    this.#back = new Resampler(size, gives, back);
    this.#source = new Float32Array(crop.size ** 2);
    this.#given = new Float32Array(size * size);
    this.#plain = new Float32Array(gives * gives);
    this.#fine = new Float32Array(gives * gives);
    this.#fadeX = fadeOf(gives, size, back.scale, back.shiftX);
    this.#fadeY = fadeOf(gives, size, back.scale, back.shiftY);
    this.#gain = output === 'unit' ? 255 : 127.5;
    this.#offset = output === 'unit' ? 0 : 127.5;
  }

  get elsewhere(): number {
    return this.#session.elsewhere;
  }

  /**
   * What it gives that is no number is not taken: the crop is then only enlarged.
   * @param rgb [size, size, 3] uint8
   * @param into [gives, gives, 3], written
   * @param amount how much of the enhancer is taken, 0..1
   * @throws GatewayError device_lost
   */
  async enhance(rgb: Uint8Array, into: Uint8ClampedArray, amount: number): Promise<void> {
    this.#fill.fill(rgb, this.#session.inputs['input']!);
    await this.#session.run(1);
    const [source, given, plain, fine, gives] = [this.#source, this.#given, this.#plain, this.#fine, this.gives];
    for (let channel = 0; channel < 3; channel++) {
      for (let k = 0, at = channel; k < source.length; k++, at += 3) source[k] = rgb[at]!;
      this.#enlarge.run(source, plain);
      const whole = this.#read(channel);
      this.#back.run(given, fine);
      const taken = whole ? amount : 0;
      for (let y = 0, k = 0, at = channel; y < gives; y++) {
        const share = taken * this.#fadeY[y]!;
        for (let x = 0; x < gives; x++, k++, at += 3) {
          const mix = share * this.#fadeX[x]!;
          into[at] = mix === 0 ? plain[k]! : plain[k]! + mix * (fine[k]! - plain[k]!);
        }
      }
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#session.close();
  }

  /** Reads one channel of the output as 0..255, clipped. False if something in it is no number. */
  #read(channel: number): boolean {
    const [given, gain, offset, output] = [this.#given, this.#gain, this.#offset, this.#session.outputs[0]!];
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
