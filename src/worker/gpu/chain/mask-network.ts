import { halfValues } from '../../../onnx/float16.ts';
import type { BatchSession, TensorValues } from '../../../onnx/device/batch-session.ts';
import type { MaskNetworkOptions } from '../../wire/gpu-chain.ts';
import type { OpenBeside } from '../engine.ts';
import { CropFill } from './crop-fill.ts';
import { Resampler } from './resampler.ts';
import { Softener } from '../../../swap/neural/mask/soften.ts';

/** A network that says where in a crop the new face is to be seen, run crop by crop. */
export class MaskNetwork {
  readonly gives: MaskNetworkOptions['gives']['kind'];
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

  /** @param options.crop side of the crops, pixels @throws GatewayError as `BatchSession.open` */
  static async open(
    network: MaskNetworkOptions,
    { crop, openBeside }: { readonly crop: number; readonly openBeside: OpenBeside },
  ): Promise<MaskNetwork> {
    const { size, layout, gives } = network;
    const given =
      gives.kind === 'region' ? [gives.count, size, size] : layout === 'nhwc' ? [size, size, 1] : [1, size, size];
    const taken = layout === 'nhwc' ? [size, size, 3] : [3, size, size];
    const contract = { inputs: { input: { extents: taken } }, outputs: [{ extents: given }] };
    return new MaskNetwork(await openBeside(network.file, contract), network, crop);
  }

  private constructor(session: BatchSession, options: MaskNetworkOptions, crop: number) {
    const { size, gives } = options;
    this.#session = session;
    this.#options = options;
    this.gives = gives.kind;
    this.#crop = crop;
    this.#fill = new CropFill({ ...options, from: crop, to: size });
    this.#resampler = new Resampler(size, crop);
    this.#softener = new Softener(crop);
    this.#given = new Float32Array(gives.kind === 'region' ? 0 : size * size);
    this.#shares = new Float32Array(crop * crop);
    this.#isFace = new Uint8Array(256);
    if (gives.kind === 'region') for (const index of gives.face) this.#isFace[index] = 1;
  }

  get elsewhere(): number {
    return this.#session.elsewhere;
  }

  /**
   * Lowers `mask` to what this network lets be seen. What is no number says nothing: a broken mask must not show who is beneath.
   * @param rgb [crop, crop, 3] uint8 @param mask [crop, crop] uint8
   * @throws GatewayError device_lost
   */
  async lower(mask: Uint8Array, rgb: Uint8Array): Promise<void> {
    this.#fill.fill(rgb, this.#session.inputs['input']!);
    await this.#session.run(1);
    const shares = this.#shares;
    const { gives, size } = this.#options;
    if (gives.kind === 'region') this.#readClasses(this.#session.outputs[0]!, gives.count, size);
    else this.#readShares(this.#session.outputs[0]!);
    if (!shares.every(Number.isFinite)) return;
    this.#softener.soften(shares);
    for (let k = 0; k < shares.length; k++) {
      const share = shares[k]! * 255 + 0.5;
      if (share < mask[k]!) mask[k] = share;
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#session.close();
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
      const row = Math.floor(((y + 0.5) * size) / crop) * size;
      for (let x = 0; x < crop; x++, to++) {
        let at = row + Math.floor(((x + 0.5) * size) / crop);
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
