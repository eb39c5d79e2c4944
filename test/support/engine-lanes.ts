import { monotonic } from '../../src/time.ts';
import type { CropLane, CropLanes, CropSource, SwappedPixels } from '../../src/swap/neural/crop-lane.ts';
import { boxMask } from '../../src/worker/gpu/box-mask.ts';
import type { OpenNetwork } from '../../src/worker/gpu/engine.ts';
import { OnnxEngine } from '../../src/worker/gpu/onnx-engine.ts';
import type { GpuRecipe } from '../../src/worker/wire/gpu-protocol.ts';

/** A GPU worker's engine on the processor. */
export function processorEngine(): OnnxEngine {
  return new OnnxEngine({ provider: 'cpu', deviceId: 0, threads: 1, warmBatches: [1], clock: monotonic });
}

/** Lanes straight to the engine and the mask of a GPU worker, in this process: the pixels of a call without its ways. */
export class EngineLanes implements CropLanes {
  readonly #network: OpenNetwork;
  readonly #mask: Uint8Array;

  private constructor(network: OpenNetwork, size: number) {
    this.#network = network;
    this.#mask = boxMask(size);
  }

  static async open(recipe: GpuRecipe): Promise<EngineLanes> {
    return new EngineLanes(await processorEngine().open(recipe), recipe.size);
  }

  open(): Promise<CropLane> {
    return Promise.resolve({
      swap: (crops, { sources }) => this.#swap(crops, sources),
      close: () => undefined,
    });
  }

  close(): void {
    void this.#network.close();
  }

  async #swap(crops: readonly Uint8Array[], from: readonly CropSource[]): Promise<readonly SwappedPixels[]> {
    const bytes = 3 * this.#mask.length;
    const pixels = new Uint8Array(crops.length * bytes);
    crops.forEach((crop, index) => pixels.set(crop, index * bytes));
    const sources = from.map(({ bytes }) => bytes);
    await this.#network.run({ crops: crops.length, filled: crops.length, pixels, sources });
    return crops.map((_, k) => ({ rgb: pixels.subarray(k * bytes, (k + 1) * bytes), mask: this.#mask }));
  }
}
