import { stat } from 'node:fs/promises';
import { GatewayError } from '../../errors.ts';
import { narrowFloat16 } from '../../onnx/float16.ts';
import { BatchSession, type TensorValues } from '../../onnx/device/batch-session.ts';
import type { Clock } from '../../time.ts';
import type { GpuConfigure, GpuRecipe, Provider } from '../wire/gpu-protocol.ts';
import type { Engine, EngineBatch, OpenBeside, OpenNetwork, RunDurations } from './engine.ts';
import { PixelFill, PixelRead } from './pixels.ts';
import { warmedSizes } from './profile.ts';

export type OnnxEngineOptions = Pick<GpuConfigure, 'provider' | 'deviceId' | 'threads' | 'warmBatches'> & {
  readonly clock: Clock;
};

/** Runs recipes with onnxruntime, by any of its execution providers. */
export class OnnxEngine implements Engine {
  readonly #options: OnnxEngineOptions;

  constructor(options: OnnxEngineOptions) {
    this.#options = options;
  }

  async bytesOf(recipe: GpuRecipe): Promise<number> {
    const { provider, warmBatches } = this.#options;
    const copies = provider === 'cpu' ? 1 : warmedSizes(recipe, warmBatches).length;
    return copies * (await sizeOf(recipe)) + (await this.bytesBeside(recipe));
  }

  async bytesBeside({ masks, enhancer }: GpuRecipe): Promise<number> {
    const sizes = await Promise.all([...masks, ...(enhancer === undefined ? [] : [enhancer])].map(sizeOf));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  // Crop by crop, since copies for each batch size would not pay: these are large pictures, and few files have a free batch.
  readonly openBeside: OpenBeside = (file, contract) =>
    BatchSession.open(file, { ...this.#options, contract, maximumBatch: 1 });

  async open(recipe: GpuRecipe): Promise<OpenNetwork> {
    const { size, source } = recipe;
    const session = await BatchSession.open(recipe.file, {
      ...this.#options,
      maximumBatch: recipe.maximumBatch,
      contract: {
        inputs: {
          target: { extents: [3, size, size] },
          source: { extents: source.kind === 'embedding' ? [source.length] : [3, source.size, source.size] },
        },
        outputs: [{ extents: [3, size, size] }],
      },
    });
    return new OnnxNetwork(session, {
      recipe,
      provider: this.#options.provider,
      fileBytes: await sizeOf(recipe),
      clock: this.#options.clock,
    });
  }
}

async function sizeOf({ file }: Pick<GpuRecipe, 'file'>): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    throw new GatewayError('model_unsupported', `a recipe's file must be there [file:${file}]`, { cause });
  }
}

class OnnxNetwork implements OpenNetwork {
  readonly provider: Provider;
  readonly #fileBytes: number;
  readonly #session: BatchSession;
  readonly #recipe: GpuRecipe;
  readonly #clock: Clock;
  readonly #fill: PixelFill;
  readonly #read: PixelRead;
  readonly #source: SourceFill;
  #closed = false;

  constructor(
    session: BatchSession,
    options: {
      readonly recipe: GpuRecipe;
      readonly provider: Provider;
      readonly fileBytes: number;
      readonly clock: Clock;
    },
  ) {
    this.#session = session;
    this.#recipe = options.recipe;
    this.#clock = options.clock;
    this.provider = options.provider;
    this.#fileBytes = options.fileBytes;
    this.#fill = new PixelFill(options.recipe.input, { half: isHalf(session.inputs['target']!) });
    this.#read = new PixelRead(options.recipe.output, { half: isHalf(session.outputs[0]!) });
    this.#source = sourceFill(options.recipe, session.inputs['source']!);
  }

  get bytes(): number {
    return this.#session.copies * this.#fileBytes;
  }

  get elsewhere(): number {
    return this.#session.elsewhere;
  }

  async run({ crops, filled, pixels, sources }: EngineBatch): Promise<RunDurations> {
    const extent = { crops, size: this.#recipe.size };
    const begun = this.#clock.now();
    this.#fill.fill(this.#session.inputs['target']!, pixels, extent);
    for (let crop = 0; crop < crops; crop++) this.#source(sources[crop]!, crop);
    const running = this.#clock.now();
    await this.#session.run(filled);
    const reading = this.#clock.now();
    this.#read.read(this.#session.outputs[0]!, pixels, extent);
    return { filled: running - begun, run: reading - running, read: this.#clock.now() - reading };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#session.close();
  }
}

/** Writes a source's bytes as the source of one crop. */
type SourceFill = (bytes: Uint8Array, crop: number) => void;

function sourceFill({ source }: GpuRecipe, tensor: TensorValues): SourceFill {
  const half = isHalf(tensor);
  if (source.kind === 'embedding') {
    const { length } = source;
    return (bytes, crop) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let k = 0; k < length; k++) {
        const value = view.getFloat32(4 * k, true);
        tensor[crop * length + k] = half ? narrowFloat16(value) : value;
      }
    };
  }
  const { size } = source;
  const fill = new PixelFill('unit', { half });
  const elements = 3 * size * size;
  return (bytes, crop) => fill.fill(tensor.subarray(crop * elements), bytes, { crops: 1, size });
}

function isHalf(tensor: TensorValues): boolean {
  return tensor instanceof Uint16Array;
}
