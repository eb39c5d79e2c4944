import { narrowFloat16 } from '../../../onnx/float16.ts';
import type { BatchContract, TensorContract } from '../../../onnx/device/batch-contract.ts';
import type { BatchSession, TensorValues } from '../../../onnx/device/batch-session.ts';
import { useBytes, type ByteEnds as GraphEnds } from '../../../onnx/prepare/rewrites/byte-ends.ts';
import type { GpuRecipe } from '../../wire/gpu-protocol.ts';
import type { EngineBatch } from '../engine.ts';
import type { Preparable } from './preparation.ts';
import { PixelFill, PixelRead, RANGES } from '../pixels.ts';

/** How pixels and sources get into a network, and pixels out of it again. */
export interface NetworkEnds {
  fill(batch: EngineBatch): void;
  /** Lays the new pictures over those of the batch. @returns crops of which the network made no picture: a value was no finite number */
  read(batch: EngineBatch): readonly number[];
}

/** What a file of a recipe takes and gives, as it was published or with bytes at its ends. */
export function contractOf({ size, source }: GpuRecipe, ends: 'floats' | 'bytes'): BatchContract {
  const picture = (side: number): TensorContract =>
    ends === 'floats' ? { extents: [3, side, side] } : { type: 'uint8', extents: [side, side, 3] };
  return {
    inputs: {
      target: picture(size),
      source: source.kind === 'image' ? picture(source.size) : { extents: [source.length] },
    },
    outputs: ends === 'floats' ? [picture(size)] : [picture(size), { extents: [] }],
  };
}

/** What the swap network's file of a recipe is prepared for. */
export function preparableOf(recipe: GpuRecipe): Preparable {
  const { file, size, source, input, output, prepare } = recipe;
  return {
    file,
    key: [size, source, input, output, prepare],
    giveEnds: (graph) => useBytes(graph, graphEnds(recipe)),
  };
}

function graphEnds({ size, source, input, output }: GpuRecipe): GraphEnds {
  const [gain, offset] = output === 'unit' ? [255, 0] : [127.5, 127.5];
  return {
    inputs: {
      target: { size, range: RANGES[input] },
      ...(source.kind === 'image' && { source: { size: source.size, range: RANGES.unit } }),
    },
    output: { size, gain, offset },
  };
}

/** The ends of a file as it was published: tensors are made of pixels, and pixels of tensors. */
export class FloatEnds implements NetworkEnds {
  readonly #session: BatchSession;
  readonly #size: number;
  readonly #fill: PixelFill;
  readonly #read: PixelRead;
  readonly #source: SourceFill;

  constructor(session: BatchSession, recipe: GpuRecipe) {
    this.#session = session;
    this.#size = recipe.size;
    this.#fill = new PixelFill(recipe.input, { half: isHalf(session.inputs['target']!) });
    this.#read = new PixelRead(recipe.output, { half: isHalf(session.outputs[0]!) });
    this.#source = sourceFill(recipe, session.inputs['source']!);
  }

  fill({ crops, pixels, sources }: EngineBatch): void {
    this.#fill.fill(this.#session.inputs['target']!, pixels, { crops, size: this.#size });
    for (let crop = 0; crop < crops; crop++) this.#source(sources[crop]!, crop);
  }

  read({ crops, pixels }: EngineBatch): readonly number[] {
    return this.#read.read(this.#session.outputs[0]!, pixels, { crops, size: this.#size });
  }
}

/** The ends of a prepared file: pixels go in and come out as they are. */
export class ByteEnds implements NetworkEnds {
  readonly #session: BatchSession;
  readonly #source: SourceFill;

  constructor(session: BatchSession, recipe: GpuRecipe) {
    this.#session = session;
    this.#source = sourceFill(recipe, session.inputs['source']!);
  }

  fill({ crops, pixels, sources }: EngineBatch): void {
    this.#session.inputs['target']!.set(pixels);
    for (let crop = 0; crop < crops; crop++) this.#source(sources[crop]!, crop);
  }

  read({ crops, pixels }: EngineBatch): readonly number[] {
    const [pictures, means] = this.#session.outputs as [TensorValues, TensorValues];
    pixels.set(pictures.subarray(0, pixels.length));
    return [...means.subarray(0, crops)].flatMap((mean, crop) => (Number.isFinite(mean) ? [] : [crop]));
  }
}

/** Writes a source's bytes as the source of one crop. */
type SourceFill = (bytes: Uint8Array, crop: number) => void;

function sourceFill({ source }: GpuRecipe, tensor: TensorValues): SourceFill {
  if (tensor instanceof Uint8Array) return (bytes, crop) => tensor.set(bytes, crop * bytes.length);
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
