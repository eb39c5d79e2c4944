import { assert } from '../../../errors.ts';
import { sample } from '../../../swap/neural/align/sample.ts';
import type { Clock, Milli } from '../../../time.ts';
import type { GpuRecipe, Provider } from '../../wire/gpu-protocol.ts';
import type { Engine, EngineBatch, OpenNetwork, RunDurations } from '../engine.ts';
import { boxMask } from './box-mask.ts';
import { EnhancerNetwork } from './enhancer-network.ts';
import { MaskNetwork } from './mask-network.ts';

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
  /** Crops of which the swap network made no picture: what is in their place must not be shown. */
  readonly broken: readonly number[];
  readonly durations: RunDurations & { /** Masks. */ readonly masked: Milli; readonly enhanced: Milli };
}

/** All networks of a recipe, ready to run one after the other: occlusion on the crops as they came, swap, region, enhancer. */
export class Chain {
  readonly #swap: OpenNetwork;
  readonly #masks: readonly MaskNetwork[];
  readonly #enhancer: EnhancerNetwork | undefined;
  readonly #recipe: GpuRecipe;
  readonly #clock: Clock;
  readonly #box: Uint8Array;
  /** Bytes of all its weights. */
  readonly #bytesBeside: number;

  /**
   * Opens all networks of a recipe and proves that they run where they should.
   * @throws GatewayError as `Engine.open`
   */
  static async open(recipe: GpuRecipe, engine: Engine, clock: Clock): Promise<Chain> {
    const opened: { close(): Promise<void> }[] = [];
    const kept = <Network extends { close(): Promise<void> }>(network: Network): Network => {
      opened.push(network);
      return network;
    };
    const openBeside: Engine['openBeside'] = (...asked) => engine.openBeside(...asked);
    try {
      const swap = kept(await engine.open(recipe));
      const masks: MaskNetwork[] = [];
      for (const mask of recipe.masks)
        masks.push(kept(await MaskNetwork.open(mask, { crop: recipe.size, openBeside })));
      const { enhancer, template } = recipe;
      const fine =
        enhancer && kept(await EnhancerNetwork.open(enhancer, { crop: { size: recipe.size, template }, openBeside }));
      const bytesBeside = await engine.bytesBeside(recipe);
      return new Chain({ swap, masks, enhancer: fine, recipe, clock, bytesBeside });
    } catch (error) {
      for (const network of opened) await network.close();
      throw error;
    }
  }

  private constructor(parts: {
    readonly swap: OpenNetwork;
    readonly masks: readonly MaskNetwork[];
    readonly enhancer: EnhancerNetwork | undefined;
    readonly recipe: GpuRecipe;
    readonly clock: Clock;
    readonly bytesBeside: number;
  }) {
    this.#swap = parts.swap;
    this.#masks = parts.masks;
    this.#enhancer = parts.enhancer;
    this.#recipe = parts.recipe;
    this.#clock = parts.clock;
    this.#bytesBeside = parts.bytesBeside;
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

  /** How the swap network's file was prepared, or why it is run as it is. */
  get preparation(): string {
    return this.#swap.preparation;
  }

  /** Bytes of all weights. */
  get bytes(): number {
    return this.#swap.bytes + this.#bytesBeside;
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
    const { broken, ...durations } = await this.#swap.run(batch);
    const swapped = this.#clock.now();
    await this.#mask('region', masks, batch);
    const enhancing = this.#clock.now();
    const masked = swapping - begun + enhancing - swapped;
    if (enhance === undefined) return { size, pixels, masks, broken, durations: { ...durations, masked, enhanced: 0 } };
    const fine = await this.#enhance(batch, masks, enhance);
    return { ...fine, broken, durations: { ...durations, masked, enhanced: this.#clock.now() - enhancing } };
  }

  /** Idempotent; no run may be under way. */
  async close(): Promise<void> {
    for (const part of this.#parts) await part.close();
  }

  get #parts(): readonly (OpenNetwork | MaskNetwork | EnhancerNetwork)[] {
    return [this.#swap, ...this.#masks, ...(this.#enhancer === undefined ? [] : [this.#enhancer])];
  }

  async #mask(kind: MaskNetwork['gives'], masks: Uint8Array, { crops, pixels }: ChainBatch): Promise<void> {
    const elements = this.#box.length;
    for (const network of this.#masks) {
      if (network.gives !== kind) continue;
      for (let crop = 0; crop < crops; crop++) {
        const mask = masks.subarray(crop * elements, (crop + 1) * elements);
        await network.lower(mask, pixels.subarray(crop * 3 * elements, (crop + 1) * 3 * elements));
      }
    }
  }

  async #enhance(
    { crops, pixels }: ChainBatch,
    masks: Uint8Array,
    amounts: readonly number[],
  ): Promise<Pick<ChainFaces, 'size' | 'pixels' | 'masks'>> {
    const enhancer = this.#enhancer;
    assert(enhancer !== undefined, 'only a recipe with an enhancer is asked to enhance');
    const [size, side, elements] = [enhancer.gives, this.#recipe.size, this.#box.length];
    const fine = new Uint8ClampedArray(crops * size * size * 3);
    const large = new Uint8Array(crops * size * size);
    for (let crop = 0; crop < crops; crop++) {
      const into = fine.subarray(crop * size * size * 3, (crop + 1) * size * size * 3);
      const from = pixels.subarray(crop * 3 * elements, (crop + 1) * 3 * elements);
      await enhancer.enhance(from, into, amounts[crop] ?? 1);
      sample(
        { bytes: masks.subarray(crop * elements, (crop + 1) * elements), width: side, height: side, stride: side },
        { a: side / size, b: 0, tx: 0, ty: 0 },
        { bytes: large.subarray(crop * size * size, (crop + 1) * size * size), width: size, height: size },
      );
    }
    return { size, pixels: new Uint8Array(fine.buffer), masks: large };
  }
}
