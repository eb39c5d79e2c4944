import type { InferenceSession } from 'onnxruntime-node';
import { GatewayError } from '../../errors.ts';

/** A tensor that a model run in batches must take or give. */
export interface TensorContract {
  /** float is float32 or float16. Default float. */
  readonly type?: 'float' | 'uint8';
  /** Without the batch, which comes first. */
  readonly extents: readonly number[];
}

/** What such a model must take and give. */
export interface BatchContract {
  /** All of them, by name; where there is one only, it may have any name. */
  readonly inputs: Readonly<Record<string, TensorContract>>;
  /** In the order of the graph, under any names; it may have more, which are not computed. */
  readonly outputs: readonly TensorContract[];
  /** Values of inputs that are a number, float64, where the model has them. Default none. */
  readonly numbers?: Readonly<Record<string, number>>;
}

/** One input or output. */
export interface BatchValue {
  /** What the model calls it. */
  readonly name: string;
  /** What the contract calls it; of an output, the same. */
  readonly key: string;
  readonly type: 'float32' | 'float16' | 'uint8';
  /** Without the batch. */
  readonly extents: readonly number[];
  /** Of one item. */
  readonly elements: number;
}

/** An input that is a number. */
export interface NumberValue {
  readonly name: string;
  readonly value: number;
  readonly extents: readonly number[];
}

/**
 * Holds a model to a contract.
 * @throws GatewayError model_unsupported, naming the tensor and both shapes
 */
export function readContract(
  model: Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>,
  contract: BatchContract,
): {
  readonly inputs: readonly BatchValue[];
  readonly outputs: readonly BatchValue[];
  readonly numbers: readonly NumberValue[];
  readonly single: boolean;
} {
  const { numbers = {} } = contract;
  const names = Object.keys(contract.inputs);
  const taken = model.inputMetadata.filter(({ name }) => numbers[name] === undefined);
  const anyName = names.length === 1 && taken.length === 1;
  for (const { name } of anyName ? [] : taken) {
    if (!names.includes(name)) refuse(`model must have no input besides ${names.join(' and ')} [input:${name}]`);
  }
  const given = names.map((name) => {
    const value = anyName ? taken[0] : taken.find((input) => input.name === name);
    return value ?? refuse(`model must have this input [input:${name}] [inputs:${list(model.inputMetadata)}]`);
  });
  const count = contract.outputs.length;
  const outputs = model.outputMetadata.slice(0, count);
  if (outputs.length < count) {
    const many = count === 1 ? 'one output' : `${count} outputs`;
    refuse(`model must have ${many} [outputs:${list(outputs)}]`);
  }
  return {
    inputs: given.map((value, index) => fit(value, names[index]!, contract.inputs[names[index]!]!)),
    outputs: outputs.map((value, index) => fit(value, value.name, contract.outputs[index]!)),
    numbers: model.inputMetadata.flatMap((value) => {
      const number = numbers[value.name];
      return number === undefined ? [] : [fitNumber(value, number)];
    }),
    single: [...given, ...outputs].some((value) => value.isTensor && value.shape[0] === 1),
  };
}

function fitNumber(value: InferenceSession.ValueMetadata, number: number): NumberValue {
  if (!value.isTensor || value.type !== 'float64' || value.shape.some((extent) => Number(extent) > 1)) {
    const type = value.isTensor ? value.type : 'no tensor';
    refuse(`input must be one float64 [tensor:${value.name}] [type:${type}]`);
  }
  return { name: value.name, value: number, extents: value.shape.map(() => 1) };
}

function fit(
  value: InferenceSession.ValueMetadata,
  key: string,
  { type = 'float', extents }: TensorContract,
): BatchValue {
  const wanted = `[n|1, ${extents.join(', ')}]`;
  const types: readonly string[] = type === 'float' ? ['float32', 'float16'] : [type];
  if (!value.isTensor || !isBatchType(value.type) || !types.includes(value.type)) {
    const given = value.isTensor ? value.type : 'no tensor';
    refuse(`tensor must be ${types.join(' or ')} ${wanted} [tensor:${value.name}] [type:${given}]`);
  }
  const [batch, ...rest] = value.shape;
  // A free extent takes what it is given, and the run says whether it fits.
  const fits =
    rest.length === extents.length && rest.every((extent, k) => typeof extent === 'string' || extent === extents[k]);
  if (!fits || (typeof batch === 'number' && batch !== 1)) {
    refuse(`tensor must be of shape ${wanted} [tensor:${value.name}] [shape:${value.shape.join(' × ')}]`);
  }
  return {
    name: value.name,
    key,
    type: value.type,
    extents,
    elements: extents.reduce((product, extent) => product * extent, 1),
  };
}

function isBatchType(type: string): type is BatchValue['type'] {
  return type === 'float32' || type === 'float16' || type === 'uint8';
}

function list(values: readonly InferenceSession.ValueMetadata[]): string {
  return values.map(({ name }) => name).join(', ');
}

function refuse(message: string): never {
  throw new GatewayError('model_unsupported', message);
}
