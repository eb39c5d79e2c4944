import { halfValues, narrowFloat16 } from '../../../onnx/float16.ts';
import type { BatchContract, TensorContract } from '../../../onnx/device/batch-contract.ts';
import type { BatchSession, TensorValues } from '../../../onnx/device/batch-session.ts';
import { useBytes, type ByteEnds as GraphEnds } from '../../../onnx/prepare/rewrites/byte-ends.ts';
import type { GpuRecipe } from '../../wire/gpu-protocol.ts';
import type { EngineBatch, RunDone } from '../engine.ts';
import type { Preparable } from './preparation.ts';
import { PixelFill, PixelRead, RANGES } from '../pixels.ts';

/** How pixels and sources get into a network, and pixels out of it again. */
export interface NetworkEnds {
  fill(batch: EngineBatch): void;
  /** Lays the new pictures over those of the batch. */
  read(batch: EngineBatch): Pick<RunDone, 'broken' | 'masks'>;
}

/** What a file of a recipe takes and gives, as it was published or with bytes at its ends. */
export function contractOf({ size, source, ownMask }: GpuRecipe, ends: 'floats' | 'bytes'): BatchContract {
  const picture = (side: number): TensorContract =>
    ends === 'floats' ? { extents: [3, side, side] } : { type: 'uint8', extents: [side, side, 3] };
  const mask: TensorContract =
    ends === 'floats' ? { extents: [1, size, size] } : { type: 'uint8', extents: [size, size] };
  return {
    inputs: {
      target: picture(size),
      source: source.kind === 'image' ? picture(source.size) : { extents: [source.length] },
    },
    outputs: [picture(size), ...(ends === 'bytes' ? [{ extents: [] }] : []), ...(ownMask ? [mask] : [])],
  };
}

/** What the swap network's file of a recipe is prepared for. */
export function preparableOf(recipe: GpuRecipe): Preparable {
  const { file, size, source, input, output, ownMask, prepare } = recipe;
  return {
    file,
    key: [size, source, input, output, prepare, ...(ownMask ? ['mask'] : [])],
    giveEnds: (graph) => useBytes(graph, graphEnds(recipe)),
  };
}

function graphEnds({ size, source, input, output, ownMask }: GpuRecipe): GraphEnds {
  const [gain, offset] = output === 'unit' ? [255, 0] : [127.5, 127.5];
  return {
    inputs: {
      target: { size, range: RANGES[input] },
      ...(source.kind === 'image' && { source: { size: source.size, range: RANGES.unit } }),
    },
    output: { size, gain, offset },
    mask: ownMask,
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

  read({ crops, pixels }: EngineBatch): ReturnType<NetworkEnds['read']> {
    const [pictures, shares] = this.#session.outputs;
    const broken = this.#read.read(pictures!, pixels, { crops, size: this.#size });
    return { broken, masks: shares && masksOf(shares, { crops, elements: this.#size ** 2 }) };
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

  read({ crops, pixels }: EngineBatch): ReturnType<NetworkEnds['read']> {
    const [pictures, means, masks] = this.#session.outputs as [Uint8Array, TensorValues, Uint8Array?];
    pixels.set(pictures.subarray(0, pixels.length));
    const broken = [...means.subarray(0, crops)].flatMap((mean, crop) => (Number.isFinite(mean) ? [] : [crop]));
    return { broken, masks: masks?.subarray(0, pixels.length / 3) };
  }
}

/** Masks of shares, 0..1; 255 where anything in one is no number: then it says nothing. */
function masksOf(
  shares: TensorValues,
  { crops, elements }: { readonly crops: number; readonly elements: number },
): Uint8Array {
  const halves = isHalf(shares) ? halfValues() : undefined;
  const masks = new Uint8ClampedArray(crops * elements);
  for (let crop = 0; crop < crops; crop++) {
    const [from, to] = [crop * elements, (crop + 1) * elements];
    let sum = 0;
    for (let k = from; k < to; k++) {
      const share = halves === undefined ? shares[k]! : halves[shares[k]!]!;
      sum += share;
      masks[k] = share * 255;
    }
    if (!Number.isFinite(sum)) masks.fill(255, from, to);
  }
  return new Uint8Array(masks.buffer);
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
