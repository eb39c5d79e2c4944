import { join } from 'node:path';
import { defaultCacheFolder } from '../../onnx/model-cache.ts';
import { REWRITES, type Rewrite } from '../../onnx/prepare/rewrites.ts';
import type { GpuRecipe } from '../wire/gpu-protocol.ts';
import type { Engine, EngineBatch, OpenNetwork } from './engine.ts';
import { runSingly, runTogether, sampleBatch } from './network/agreement.ts';
import { BesideNetwork, TOGETHER, type BesideSpec } from './network/beside-network.ts';
import { preparableOf } from './network/network-ends.ts';
import { apartBy, OnnxNetwork, sizeOf, type OnnxEngineOptions } from './network/onnx-network.ts';
import { openPrepared } from './network/open-prepared.ts';
import { warmedSizes } from './profile.ts';

/** Bytes that preparing may add to a file: nodes; and what resamples crops for the networks beside the swap. */
const ADDED = 65_536;
const ADDED_BESIDE = 16 * 1024 * 1024;
/** Crops that a prepared file is compared on. */
const COMPARED = 3;

/** Runs recipes with onnxruntime, by any of its execution providers, from files that it prepares. */
export class OnnxEngine implements Engine {
  readonly #options: OnnxEngineOptions;
  readonly #folder: string;

  /** @param options `folder` keeps prepared files; it may be shared */
  constructor(options: OnnxEngineOptions & { readonly folder?: string }) {
    const { folder = join(defaultCacheFolder(), 'prepared'), ...rest } = options;
    this.#options = rest;
    this.#folder = folder;
  }

  async bytesOf(recipe: GpuRecipe): Promise<number> {
    const { file, masks, enhancer, prepare } = recipe;
    const apart = apartBy(this.#options);
    const sizes = apart ? warmedSizes(recipe, this.#options.warmBatches).length : 1;
    const prepared = prepare.length > 0;
    const beside = [...masks, ...(enhancer === undefined ? [] : [enhancer])];
    const copies = apart && prepared && togetherOf(recipe) > 1 ? 2 : 1;
    const taken = await Promise.all(
      beside.map(async (network) => copies * ((await sizeOf(network.file)) + (prepared ? ADDED_BESIDE : 0))),
    );
    return taken.reduce((sum, bytes) => sum + bytes, sizes * ((await sizeOf(file)) + (prepared ? ADDED : 0)));
  }

  open(recipe: GpuRecipe): Promise<OpenNetwork> {
    const batch = (): EngineBatch => sampleBatch(recipe, this.#comparedCrops(recipe));
    return openPrepared(
      {
        ...preparableOf(recipe),
        rewrites: this.#rewritesOf(recipe),
        open: (file, { alone }) =>
          OnnxNetwork.open(alone ? { ...recipe, maximumBatch: 1 } : recipe, file, this.#options),
        singly: (network) => runSingly(network, batch()),
        together: (network) => runTogether(network, batch()),
      },
      this.#where,
    );
  }

  openBeside(spec: BesideSpec, recipe: Pick<GpuRecipe, 'prepare' | 'maximumBatch'>): Promise<BesideNetwork> {
    const together = togetherOf(recipe);
    const { file, key, giveEnds } = spec;
    const sampled = async (network: BesideNetwork): Promise<Uint8Array> =>
      Buffer.concat(await network.run(spec.sample(together), together));
    return openPrepared(
      {
        file,
        key: [key, recipe.prepare],
        rewrites: this.#rewritesOf(recipe),
        giveEnds,
        open: (prepared) => BesideNetwork.open(spec, prepared, { ...this.#options, together }),
        // The plain file takes crops one by one of itself.
        singly: sampled,
        together: sampled,
      },
      this.#where,
    );
  }

  get #where() {
    return { provider: this.#options.provider, folder: this.#folder };
  }

  /** TensorRT takes the scale of a norm as a constant only. */
  #rewritesOf({ prepare }: Pick<GpuRecipe, 'prepare'>): readonly Rewrite[] {
    const { provider } = this.#options;
    return REWRITES.filter((name) => prepare.includes(name) && !(provider === 'tensorrt' && name === 'styles'));
  }

  /** A batch size that is warmed. */
  #comparedCrops(recipe: GpuRecipe): number {
    const sizes = warmedSizes(recipe, this.#options.warmBatches);
    return sizes.includes(COMPARED) ? COMPARED : (sizes.find((size) => size > 1) ?? 1);
  }
}

/** Crops that a network beside the swap takes at once. */
function togetherOf({ maximumBatch }: Pick<GpuRecipe, 'maximumBatch'>): number {
  return maximumBatch < TOGETHER ? 1 : TOGETHER;
}
