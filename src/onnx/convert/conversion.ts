import { GatewayError } from '../../errors.ts';
import type { OnnxGraph } from '../graph/onnx-graph.ts';
import { widenFloat16 } from '../float16.ts';
import type { TfliteModel, TfliteOperator, TfliteTensor } from '../tflite/tflite-model.ts';
import { permute } from './permute.ts';

/** Axis orders: TFLite keeps channels last, ONNX's picture operators want them second. */
const TO_CHANNELS_FIRST = [0, 3, 1, 2] as const;
const TO_CHANNELS_LAST = [0, 2, 3, 1] as const;

/**
 * The state of one TFLite → ONNX conversion: which ONNX value holds which TFLite tensor, in which axis order. A value is
 * transposed when the other order is first asked for, so that a chain of convolutions has no transposes in it.
 */
export class Conversion {
  readonly graph: OnnxGraph;
  readonly #model: TfliteModel;
  readonly #constants = new Map<number, Float32Array>();
  readonly #channelsLast = new Map<number, string>();
  readonly #channelsFirst = new Map<number, string>();

  constructor(model: TfliteModel, graph: OnnxGraph) {
    this.#model = model;
    this.graph = graph;
  }

  tensor(index: number): TfliteTensor {
    const tensor = this.#model.tensors[index];
    if (tensor === undefined) throw new RangeError(`tensor exists [index:${index}]`);
    return tensor;
  }

  /** Shape of a tensor as TFLite has it. */
  shape(index: number): readonly number[] {
    return this.tensor(index).shape;
  }

  isConstant(index: number): boolean {
    return this.#constants.has(index) || this.tensor(index).content.length > 0;
  }

  /** A constant tensor's values, widened to float32. Whole numbers stay exact up to 2²⁴. */
  constant(index: number): Float32Array {
    let values = this.#constants.get(index);
    if (values === undefined) {
      values = readValues(this.tensor(index));
      this.#constants.set(index, values);
    }
    return values;
  }

  /** A small constant as plain numbers: paddings, axes, slice bounds. */
  numbers(index: number): number[] {
    return Array.from(this.constant(index));
  }

  setConstant(index: number, values: Float32Array): void {
    this.#constants.set(index, values);
  }

  /** The ONNX value of a tensor in TFLite's own axis order. */
  channelsLast(index: number): string {
    return this.#in(this.#channelsLast, index, () => {
      if (this.isConstant(index)) return this.graph.floats(this.shape(index), this.constant(index));
      return this.graph.node('Transpose', [this.#known(this.#channelsFirst, index)], { perm: TO_CHANNELS_LAST });
    });
  }

  /** The ONNX value of a four-dimensional tensor with the channels second; constants of lower rank are made to broadcast. */
  channelsFirst(index: number): string {
    return this.#in(this.#channelsFirst, index, () => {
      if (this.isConstant(index)) return this.#constantChannelsFirst(index);
      return this.graph.node('Transpose', [this.#known(this.#channelsLast, index)], { perm: TO_CHANNELS_FIRST });
    });
  }

  setChannelsLast(index: number, value: string): void {
    this.#channelsLast.set(index, value);
  }

  setChannelsFirst(index: number, value: string): void {
    this.#channelsFirst.set(index, value);
  }

  #constantChannelsFirst(index: number): string {
    const shape = [...this.shape(index)];
    while (shape.length < 4) shape.unshift(1);
    const turned = TO_CHANNELS_FIRST.map((axis) => shape[axis]!);
    return this.graph.floats(turned, permute(this.constant(index), shape, TO_CHANNELS_FIRST));
  }

  #in(values: Map<number, string>, index: number, make: () => string): string {
    let value = values.get(index);
    if (value === undefined) {
      value = make();
      values.set(index, value);
    }
    return value;
  }

  #known(values: Map<number, string>, index: number): string {
    const value = values.get(index);
    if (value === undefined) {
      throw new GatewayError('asset_corrupt', `tensor must be computed before use [tensor:${this.tensor(index).name}]`);
    }
    return value;
  }
}

/** Translates one kind of operator. */
export type OperatorConverter = (conversion: Conversion, operator: TfliteOperator) => void;

/** An operator's input, which must be there. */
export function input(operator: TfliteOperator, position: number): number {
  const index = operator.inputs[position];
  if (index === undefined || index < 0) {
    throw new GatewayError('asset_corrupt', `operator must have its inputs [operator:${operator.name}]`);
  }
  return index;
}

/** An operator's only output. */
export function output(operator: TfliteOperator): number {
  const index = operator.outputs[0];
  if (index === undefined) {
    throw new GatewayError('asset_corrupt', `operator must have an output [operator:${operator.name}]`);
  }
  return index;
}

/** An operator uses a variant of its parameters that is not translated. */
export function unsupported(conversion: Conversion, operator: TfliteOperator, what: string): GatewayError {
  const tensor = conversion.tensor(output(operator)).name;
  return new GatewayError(
    'model_unsupported',
    `model must use known operators only [operator:${operator.name}] [tensor:${tensor}] [what:${what}]`,
  );
}

function readValues(tensor: TfliteTensor): Float32Array {
  // A copy, because the file's own bytes need not be aligned.
  const { buffer } = Uint8Array.from(tensor.content);
  switch (tensor.type) {
    case 'float32':
      return new Float32Array(buffer);
    case 'float16':
      return widenFloat16(new Uint16Array(buffer));
    case 'int32':
      return Float32Array.from(new Int32Array(buffer));
    case 'int64':
      return Float32Array.from(new BigInt64Array(buffer), Number);
    case 'uint8':
      return Float32Array.from(new Uint8Array(buffer));
    case 'other':
      throw new GatewayError('model_unsupported', `constant must be of a known type [tensor:${tensor.name}]`);
  }
}
