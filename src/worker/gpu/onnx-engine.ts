import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { BatchSession } from '../../onnx/device/batch-session.ts';
import { defaultCacheFolder } from '../../onnx/model-cache.ts';
import type { Rewritten } from '../../onnx/prepare/prepare-graph.ts';
import { REWRITES, type Rewrite } from '../../onnx/prepare/rewrites.ts';
import type { GpuRecipe } from '../wire/gpu-protocol.ts';
import type { Engine, EngineBatch, OpenBeside, OpenNetwork } from './engine.ts';
import { differenceOf, runSingly, runTogether, sampleBatch, type Difference } from './network/agreement.ts';
import { apartBy, OnnxNetwork, sizeOf, type NetworkFile, type OnnxEngineOptions } from './network/onnx-network.ts';
import { plainFile, Preparation, type Candidate } from './network/preparation.ts';
import { warmedSizes } from './profile.ts';

/** Bytes that preparing may add to a file: nodes. */
const ADDED = 65_536;
/** Crops that a prepared file is compared on. */
const COMPARED = 3;
/**
 * How far a prepared file may be from the plain one, in steps of 8 bits. One whose batch is mixed up, or whose ends are, is off by tens; half
 * precision, and what devices use for float32, round each of dozens of layers in another way.
 */
const EXACT: Difference = { most: 2, mean: 0.5 };
const ROUNDED: Difference = { most: 24, mean: 1.5 };

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
    const copies = apartBy(this.#options) ? warmedSizes(recipe, this.#options.warmBatches).length : 1;
    const swap = (await sizeOf(recipe.file)) + (recipe.prepare.length > 0 ? ADDED : 0);
    return copies * swap + (await this.bytesBeside(recipe));
  }

  async bytesBeside({ masks, enhancer }: GpuRecipe): Promise<number> {
    const beside = [...masks, ...(enhancer === undefined ? [] : [enhancer])];
    const sizes = await Promise.all(beside.map(({ file }) => sizeOf(file)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  // Crop by crop, since copies for each batch size would not pay: these are large pictures, and few files have a free batch.
  readonly openBeside: OpenBeside = (file, contract) =>
    BatchSession.open(file, { ...this.#options, contract, maximumBatch: 1 });

  async open(recipe: GpuRecipe): Promise<OpenNetwork> {
    const rewrites = this.#rewritesFor(recipe);
    if (rewrites.length === 0) return this.#open(recipe, plainFile(recipe, 'it was asked for so'));
    await sizeOf(recipe.file);
    const preparation = await Preparation.of(recipe, { provider: this.#options.provider, folder: this.#folder });
    const kept = await preparation.kept();
    if (kept === undefined) return this.#prepare(recipe, preparation, rewrites);
    try {
      return await this.#open(recipe, kept);
    } catch (error) {
      if (kept.path === recipe.file) throw error;
      return this.#open(recipe, plainFile(recipe, reasonOf(error)));
    }
  }

  /** TensorRT takes the scale of a norm as a constant only. */
  #rewritesFor({ prepare }: GpuRecipe): readonly Rewrite[] {
    const { provider } = this.#options;
    return REWRITES.filter((name) => prepare.includes(name) && !(provider === 'tensorrt' && name === 'styles'));
  }

  #open(recipe: GpuRecipe, file: NetworkFile): Promise<OnnxNetwork> {
    return OnnxNetwork.open(recipe, file, this.#options);
  }

  /** Tries to prepare a file in all ways, else in fewer, and takes what gives the same as the plain one. */
  async #prepare(recipe: GpuRecipe, preparation: Preparation, rewrites: readonly Rewrite[]): Promise<OpenNetwork> {
    // It runs crop by crop.
    const plain = await this.#open({ ...recipe, maximumBatch: 1 }, plainFile(recipe, 'to be compared'));
    const batch = sampleBatch(recipe, this.#comparedCrops(recipe));
    const expected = await runSingly(plain, batch).finally(() => plain.close());
    await preparation.begin();
    const reasons: string[] = [];
    for (const without of [undefined, 'half', 'batch', 'bytes'] as const) {
      if (without !== undefined && !rewrites.includes(without)) continue;
      try {
        const candidate = await preparation.make(rewrites.filter((name) => name !== without));
        if (candidate === undefined) continue;
        return await this.#proved(recipe, { preparation, candidate, batch, expected, declined: reasons });
      } catch (error) {
        reasons.push(reasonOf(error));
      }
    }
    const reason = [...new Set(reasons)].join('; ') || 'nothing in it could be made faster';
    await preparation.refuse(reason);
    return this.#open(recipe, plainFile(recipe, reason));
  }

  /** A batch size that is warmed. */
  #comparedCrops(recipe: GpuRecipe): number {
    const sizes = warmedSizes(recipe, this.#options.warmBatches);
    return sizes.includes(COMPARED) ? COMPARED : (sizes.find((size) => size > 1) ?? 1);
  }

  /**
   * Opens a candidate and keeps it, if it gives what was expected.
   * @throws GatewayError model_unsupported with how far it is from that, and as `OnnxNetwork.open`
   */
  async #proved(recipe: GpuRecipe, { preparation, candidate, batch, expected, declined }: Proof): Promise<OpenNetwork> {
    const told = `prepared: ${toldOf(candidate.done)}`;
    let network: OnnxNetwork | undefined;
    try {
      network = await this.#open(recipe, { ...candidate, preparation: told });
      const { most, mean } = differenceOf(await runTogether(network, batch), expected);
      const allowed = this.#options.provider === 'cpu' && !candidate.halves ? EXACT : ROUNDED;
      if (most > allowed.most || mean > allowed.mean) {
        const message = `${told}, it must give what the file gives [most:${most}/255] [mean:${mean.toFixed(3)}/255]`;
        throw new GatewayError('model_unsupported', message);
      }
      const instead = declined.length > 0 ? `, instead of: ${declined.join('; ')}` : '';
      network.preparation = `${told} [most:${most}/255] [mean:${mean.toFixed(3)}/255]${instead}`;
      await preparation.keep(candidate, network.preparation);
      return network;
    } catch (error) {
      await network?.close();
      await preparation.drop(candidate);
      throw error;
    }
  }
}

interface Proof {
  readonly preparation: Preparation;
  readonly candidate: Candidate;
  readonly batch: EngineBatch;
  /** Its pictures. */
  readonly expected: Uint8Array;
  /** Why it was not prepared in more ways. */
  readonly declined: readonly string[];
}

function toldOf(done: Rewritten): string {
  return Object.entries(done)
    .map(([name, times]) => (times > 1 ? `${name} ${times}` : name))
    .join(', ');
}

/** Why a prepared file is not taken. @throws what is no fault of the file */
function reasonOf(error: unknown): string {
  if (error instanceof GatewayError && ['device_lost', 'capacity_full'].includes(error.code)) throw error;
  return error instanceof Error ? error.message : String(error);
}
