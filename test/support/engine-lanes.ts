import { monotonic } from '../../src/time.ts';
import type { CropLane, CropLanes, SwappedPixels } from '../../src/swap/neural/crop-lane.ts';
import { Chain } from '../../src/worker/gpu/chain/chain.ts';
import { OnnxEngine } from '../../src/worker/gpu/onnx-engine.ts';
import type { GpuRecipe } from '../../src/worker/wire/gpu-protocol.ts';

/** A GPU worker's engine on the processor. */
export function processorEngine(): OnnxEngine {
  return new OnnxEngine({ provider: 'cpu', deviceId: 0, threads: 1, warmBatches: [1], clock: monotonic });
}

/** Lanes straight to the networks and the mask of a GPU worker, in this process: the pixels of a call without its ways. */
export class EngineLanes implements CropLanes {
  readonly #chain: Chain;
  readonly #recipe: GpuRecipe;

  private constructor(chain: Chain, recipe: GpuRecipe) {
    this.#chain = chain;
    this.#recipe = recipe;
  }

  static async open(recipe: GpuRecipe): Promise<EngineLanes> {
    return new EngineLanes(await Chain.open(recipe, processorEngine(), monotonic), recipe);
  }

  open(): Promise<CropLane> {
    return Promise.resolve({
      swap: (crops, options) => this.#swap(crops, options),
      close: () => undefined,
    });
  }

  close(): void {
    void this.#chain.close();
  }

  async #swap(
    crops: readonly Uint8Array[],
    { sources: from, enhance = 0 }: Parameters<CropLane['swap']>[1],
  ): Promise<readonly SwappedPixels[]> {
    const bytes = 3 * this.#recipe.size ** 2;
    const pixels = new Uint8Array(crops.length * bytes);
    crops.forEach((crop, index) => pixels.set(crop, index * bytes));
    const sources = from.map(({ bytes }) => bytes);
    const amounts = this.#recipe.enhancer && enhance > 0 ? crops.map(() => enhance) : undefined;
    const batch = { crops: crops.length, filled: crops.length, pixels, sources, enhance: amounts };
    const { size, pixels: rgb, masks, plain } = await this.#chain.run(batch);
    return crops.map((_, k) => ({
      rgb: rgb.subarray(k * 3 * size * size, (k + 1) * 3 * size * size),
      mask: masks.subarray(k * size * size, (k + 1) * size * size),
      ...(plain && { plain: plain.subarray(k * bytes, (k + 1) * bytes) }),
    }));
  }
}
