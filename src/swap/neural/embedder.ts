import { readFile } from 'node:fs/promises';
import { GatewayError } from '../../errors.ts';
import { lastInitializer } from '../../onnx/graph/last-initializer.ts';
import { OnnxSession } from '../../onnx/session.ts';
import type { EmbeddingSource } from './recipe.ts';

/** What recognisers of the ArcFace family take: [1, 3, 112, 112] float32, RGB, (x − 127.5) / 127.5. */
const FACE = [1, 3, 112, 112];
const PIXELS = 112 * 112;
/** What they give, and what converters take and give: [1, 512]. */
const VALUES = 512;

/** Runs the operator's recognisers on the CPU. Each file is opened when it is first needed, and what it holds stays. */
export class Embedder {
  readonly #sessions = new Map<string, Promise<OnnxSession>>();
  readonly #matrices = new Map<string, Promise<Float32Array>>();

  /**
   * What a recogniser makes of a face: 512 numbers.
   * @param crop [112, 112, 3] uint8, RGB
   * @throws GatewayError asset_missing, model_unsupported
   */
  recognise(file: string, crop: Uint8Array): Promise<Float32Array> {
    return this.#run(file, FACE, (input) => {
      for (let c = 0; c < 3; c++) {
        for (let i = 0; i < PIXELS; i++) input[c * PIXELS + i] = (crop[i * 3 + c]! - 127.5) / 127.5;
      }
    });
  }

  /**
   * What a network takes of a person: an embedding through what the source says, in this order: converted, brought to length 1,
   * multiplied by the matrix.
   * @param embedding as the source's recogniser gave it, or the mean of several
   * @returns 512 float32, little-endian
   * @throws GatewayError asset_missing, model_unsupported
   */
  async sourceOf(source: EmbeddingSource, embedding: Float32Array): Promise<Uint8Array> {
    const { converter, normalise = true, matrix } = source;
    let values: Float32Array = embedding.slice();
    if (converter !== undefined) values = await this.#run(converter, [1, VALUES], (input) => input.set(embedding));
    if (normalise) {
      const length = Math.hypot(...values);
      values = values.map((value) => value / length);
    }
    if (matrix !== undefined) values = multiply(values, await this.#matrix(matrix));
    return new Uint8Array(values.buffer);
  }

  async #run(file: string, shape: readonly number[], fill: (input: Float32Array) => void): Promise<Float32Array> {
    const session = await once(this.#sessions, file, async () => openNetwork(await read(file), shape, file));
    return session.run(fill, (outputs) => Float32Array.from(Object.values(outputs)[0]!));
  }

  #matrix(file: string): Promise<Float32Array> {
    return once(this.#matrices, file, async () => lastInitializer(file, [VALUES, VALUES]));
  }
}

/** Made at the first call for `key`; one that failed is made anew at the next. */
function once<Value>(made: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  let value = made.get(key);
  if (value === undefined) {
    made.set(key, (value = make()));
    value.catch(() => made.delete(key));
  }
  return value;
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new GatewayError('asset_missing', `a recipe's file must be readable [file:${file}]`, { cause });
  }
}

async function openNetwork(model: Uint8Array, shape: readonly number[], file: string): Promise<OnnxSession> {
  const session = await OnnxSession.open(model, { inputShape: shape });
  const [output, more] = Object.values(session.outputShapes);
  const values = output?.reduce((product, extent) => product * extent, 1);
  if (String(session.inputShape) === String(shape) && values === VALUES && more === undefined) return session;
  await session.close();
  throw new GatewayError(
    'model_unsupported',
    `the network must make [${VALUES}] of [${shape.join(', ')}] [file:${file}]`,
  );
}

/** A row times a square matrix, its rows one behind the other. */
function multiply(row: Float32Array, matrix: Float32Array): Float32Array {
  const product = new Float32Array(row.length);
  row.forEach((value, i) => {
    for (let k = 0; k < row.length; k++) product[k]! += value * matrix[i * row.length + k]!;
  });
  return product;
}
