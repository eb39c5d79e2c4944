import { stat } from 'node:fs/promises';
import { GatewayError } from '../../../errors.ts';
import { BatchSession } from '../../../onnx/device/batch-session.ts';
import type { Clock } from '../../../time.ts';
import type { GpuConfigure, GpuRecipe, Provider } from '../../wire/gpu-protocol.ts';
import type { EngineBatch, OpenNetwork, RunDone } from '../engine.ts';
import { ByteEnds, contractOf, FloatEnds, type NetworkEnds } from './network-ends.ts';

export type OnnxEngineOptions = Pick<GpuConfigure, 'provider' | 'deviceId' | 'threads' | 'warmBatches' | 'copies'> & {
  readonly clock: Clock;
};

/** The file that a recipe is run with, and what is known of it. */
export interface NetworkFile {
  readonly path: string;
  readonly ends: 'floats' | 'bytes';
  /** How it was prepared, or why it was not. */
  readonly preparation: string;
}

/** A recipe's network on onnxruntime. */
export class OnnxNetwork implements OpenNetwork {
  readonly provider: Provider;
  preparation: string;
  readonly #fileBytes: number;
  readonly #session: BatchSession;
  readonly #ends: NetworkEnds;
  readonly #clock: Clock;
  #closed = false;

  /** @throws GatewayError model_unsupported, provider_unavailable, capacity_full, device_lost */
  static async open(recipe: GpuRecipe, file: NetworkFile, options: OnnxEngineOptions): Promise<OnnxNetwork> {
    const session = await BatchSession.open(file.path, {
      ...options,
      maximumBatch: recipe.maximumBatch,
      apart: apartBy(options),
      contract: contractOf(recipe, file.ends),
    });
    const ends = file.ends === 'bytes' ? new ByteEnds(session, recipe) : new FloatEnds(session, recipe);
    return new OnnxNetwork(session, { ends, file, fileBytes: await sizeOf(file.path), options });
  }

  private constructor(
    session: BatchSession,
    parts: {
      readonly ends: NetworkEnds;
      readonly file: NetworkFile;
      readonly fileBytes: number;
      readonly options: OnnxEngineOptions;
    },
  ) {
    this.#session = session;
    this.#ends = parts.ends;
    this.#fileBytes = parts.fileBytes;
    this.#clock = parts.options.clock;
    this.provider = parts.options.provider;
    this.preparation = parts.file.preparation;
  }

  get bytes(): number {
    return this.#session.copies * this.#fileBytes;
  }

  get elsewhere(): number {
    return this.#session.elsewhere;
  }

  get apart(): boolean {
    return this.#session.apart;
  }

  async run(batch: EngineBatch): Promise<RunDone> {
    const begun = this.#clock.now();
    this.#ends.fill(batch);
    const running = this.#clock.now();
    await this.#session.run(batch.filled);
    const reading = this.#clock.now();
    const { broken, masks } = this.#ends.read(batch);
    return { filled: running - begun, run: reading - running, read: this.#clock.now() - reading, broken, masks };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#session.close();
  }
}

/** Whether networks are loaded once for each batch size. */
export function apartBy({ copies, provider }: Pick<OnnxEngineOptions, 'copies' | 'provider'>): boolean {
  return copies === undefined ? provider !== 'cpu' : copies === 'each';
}

/** Bytes of a recipe's file. @throws GatewayError model_unsupported if it is not there */
export async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    throw new GatewayError('model_unsupported', `a recipe's file must be there [file:${file}]`, { cause });
  }
}
