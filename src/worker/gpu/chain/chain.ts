import { assert } from '../../../errors.ts';
import { CROP_ENDS } from '../../../onnx/prepare/rewrites/crops/crop-ends.ts';
import { boxMask } from '../../../swap/neural/mask/box-mask.ts';
import type { Clock, Milli } from '../../../time.ts';
import type { MaskNetworkOptions } from '../../wire/gpu-chain.ts';
import type { GpuRecipe, Provider } from '../../wire/gpu-protocol.ts';
import type { Engine, EngineBatch, OpenNetwork, RunDurations } from '../engine.ts';
import type { BesideNetwork, BesideSpec } from '../network/beside-network.ts';
import { enhancerSpec } from './enhancer-network.ts';
import { maskSpec } from './mask-network.ts';

/** Crops that go through a recipe together. */
export interface ChainBatch extends EngineBatch {
  /** How much of the enhancer each crop takes, 0..1; left out: it is not run. */
  readonly enhance?: readonly number[] | undefined;
}

/** New faces with their masks. */
export interface ChainFaces {
  /** Side of each, pixels: larger than the crops if they were enhanced. */
  readonly size: number;
  /** [crops, size, size, 3] uint8, RGB: the batch's own pixels, or others if they were enhanced. */
  readonly pixels: Uint8Array;
  /** [crops, size, size] uint8. */
  readonly masks: Uint8Array;
  /** Of enhanced faces: those that they were made of, the batch's own pixels. */
  readonly plain?: Uint8Array;
  /** Crops of which the swap network made no picture: what is in their place must not be shown. */
  readonly broken: readonly number[];
  readonly durations: RunDurations & { /** Masks. */ readonly masked: Milli; readonly enhanced: Milli };
}

/** A network that lowers masks, and what it looks at: the crops as they came, or the new faces. */
interface ChainMask {
  readonly kind: MaskNetworkOptions['gives']['kind'];
  readonly network: BesideNetwork;
}

interface ChainEnhancer {
  /** Side of what it makes of a crop, pixels. */
  readonly gives: number;
  readonly network: BesideNetwork;
}

/** All networks of a recipe, ready to run one after the other: occlusion on the crops as they came, swap, region, enhancer. */
export class Chain {
  readonly #swap: OpenNetwork;
  readonly #masks: readonly ChainMask[];
  readonly #enhancer: ChainEnhancer | undefined;
  readonly #recipe: GpuRecipe;
  readonly #clock: Clock;
  readonly #box: Uint8Array;

  /**
   * Opens all networks of a recipe and proves that they run where they should.
   * @throws GatewayError as `Engine.open`
   */
  static async open(recipe: GpuRecipe, engine: Engine, clock: Clock): Promise<Chain> {
    const opened: { close(): Promise<void> }[] = [];
    const beside = async (spec: BesideSpec): Promise<BesideNetwork> => {
      const network = await engine.openBeside(spec, recipe);
      opened.push(network);
      return network;
    };
    try {
      const swap = await engine.open(recipe);
      opened.push(swap);
      const { size, template, enhancer } = recipe;
      const masks: ChainMask[] = [];
      for (const mask of recipe.masks)
        masks.push({ kind: mask.gives.kind, network: await beside(maskSpec(mask, size)) });
      const fine = enhancer && {
        gives: enhancer.gives,
        network: await beside(enhancerSpec(enhancer, { size, template })),
      };
      return new Chain({ swap, masks, enhancer: fine, recipe, clock });
    } catch (error) {
      for (const network of opened) await network.close();
      throw error;
    }
  }

  private constructor(parts: {
    readonly swap: OpenNetwork;
    readonly masks: readonly ChainMask[];
    readonly enhancer: ChainEnhancer | undefined;
    readonly recipe: GpuRecipe;
    readonly clock: Clock;
  }) {
    this.#swap = parts.swap;
    this.#masks = parts.masks;
    this.#enhancer = parts.enhancer;
    this.#recipe = parts.recipe;
    this.#clock = parts.clock;
    this.#box = boxMask(parts.recipe.size, parts.recipe.box);
  }

  /** The execution provider that was seen to run them. */
  get provider(): Provider {
    return this.#swap.provider;
  }

  /** Nodes, small ones, that ran elsewhere. */
  get elsewhere(): number {
    return this.#parts.reduce((sum, { elsewhere }) => sum + elsewhere, 0);
  }

  /** The first run of each batch size but the largest takes as long as opening it. */
  get apart(): boolean {
    return this.#swap.apart;
  }

  /** How the file of each network was prepared, or why it is run as it is: swap, masks, enhancer. */
  get preparation(): string {
    return this.#parts.map(({ preparation }) => preparation).join(' | ');
  }

  /** Bytes of all weights. */
  get bytes(): number {
    return this.#parts.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** @throws GatewayError device_lost: nothing more can be run in this process */
  async run(batch: ChainBatch): Promise<ChainFaces> {
    const { crops, pixels, enhance } = batch;
    const { size } = this.#recipe;
    const masks = new Uint8Array(crops * this.#box.length);
    for (let crop = 0; crop < crops; crop++) masks.set(this.#box, crop * this.#box.length);
    const begun = this.#clock.now();
    await this.#mask('occlusion', masks, batch);
    const swapping = this.#clock.now();
    const { broken, masks: own, ...durations } = await this.#swap.run(batch);
    if (own !== undefined) lower(masks, own);
    const swapped = this.#clock.now();
    await this.#mask('region', masks, batch);
    const enhancing = this.#clock.now();
    const masked = swapping - begun + enhancing - swapped;
    if (enhance === undefined) return { size, pixels, masks, broken, durations: { ...durations, masked, enhanced: 0 } };
    const fine = await this.#enhance(batch, masks, enhance);
    const enhanced = this.#clock.now() - enhancing;
    return { ...fine, plain: pixels, broken, durations: { ...durations, masked, enhanced } };
  }

  /** Idempotent; no run may be under way. */
  async close(): Promise<void> {
    for (const part of this.#parts) await part.close();
  }

  get #parts(): readonly (OpenNetwork | BesideNetwork)[] {
    const enhancer = this.#enhancer === undefined ? [] : [this.#enhancer.network];
    return [this.#swap, ...this.#masks.map(({ network }) => network), ...enhancer];
  }

  /** Lowers masks to the least of what each network lets be seen. */
  async #mask(kind: ChainMask['kind'], masks: Uint8Array, { crops, pixels }: ChainBatch): Promise<void> {
    for (const mask of this.#masks) {
      if (mask.kind !== kind) continue;
      const [given] = await mask.network.run({ [CROP_ENDS.crops]: pixels }, crops);
      lower(masks, given!);
    }
  }

  async #enhance(
    { crops, pixels }: ChainBatch,
    masks: Uint8Array,
    amounts: readonly number[],
  ): Promise<Pick<ChainFaces, 'size' | 'pixels' | 'masks'>> {
    const enhancer = this.#enhancer;
    assert(enhancer !== undefined, 'only a recipe with an enhancer is asked to enhance');
    const taken = Float32Array.from({ length: crops }, (_, crop) => amounts[crop] ?? 1);
    const inputs = { [CROP_ENDS.crops]: pixels, [CROP_ENDS.amounts]: taken, [CROP_ENDS.masks]: masks };
    const [fine, large] = await enhancer.network.run(inputs, crops);
    return { size: enhancer.gives, pixels: fine!, masks: large! };
  }
}

/** To the least of both. */
function lower(masks: Uint8Array, given: Uint8Array): void {
  for (let k = 0; k < masks.length; k++) if (given[k]! < masks[k]!) masks[k] = given[k]!;
}
