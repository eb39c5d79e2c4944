import type { InferenceSession } from 'onnxruntime-node';
import { GatewayError } from '../../errors.ts';

/** A tensor that a model run in batches must take or give. */
export interface TensorContract {
  /** float is float32 or float16. Default float. */
  readonly type?: 'float' | 'uint8';
  /** Without the batch, which comes first. */
  readonly extents: readonly number[];
}

/** What such a model must take and give, and nothing else. */
export interface BatchContract {
  readonly inputs: Readonly<Record<string, TensorContract>>;
  /** In the order of the graph, under any names. */
  readonly outputs: readonly TensorContract[];
}

/** One input or output. */
export interface BatchValue {
  readonly name: string;
  readonly type: 'float32' | 'float16' | 'uint8';
  /** Without the batch. */
  readonly extents: readonly number[];
  /** Of one item. */
  readonly elements: number;
}

/**
 * Holds a model to a contract.
 * @throws GatewayError model_unsupported, naming the tensor and both shapes
 */
export function readContract(
  model: Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>,
  contract: BatchContract,
): { readonly inputs: readonly BatchValue[]; readonly outputs: readonly BatchValue[]; readonly single: boolean } {
  const names = Object.keys(contract.inputs);
  for (const { name } of model.inputMetadata) {
    if (!names.includes(name)) refuse(`model must have no input besides ${names.join(' and ')} [input:${name}]`);
  }
  const given = names.map((name) => {
    const value = model.inputMetadata.find((input) => input.name === name);
    return value ?? refuse(`model must have this input [input:${name}] [inputs:${list(model.inputMetadata)}]`);
  });
  const outputs = model.outputMetadata;
  const count = contract.outputs.length;
  if (outputs.length !== count) {
    const many = count === 1 ? 'one output' : `${count} outputs`;
    refuse(`model must have ${many} [outputs:${list(outputs)}]`);
  }
  return {
    inputs: given.map((value) => fit(value, contract.inputs[value.name]!)),
    outputs: outputs.map((value, index) => fit(value, contract.outputs[index]!)),
    single: [...given, ...outputs].some((value) => value.isTensor && value.shape[0] === 1),
  };
}

function fit(value: InferenceSession.ValueMetadata, { type = 'float', extents }: TensorContract): BatchValue {
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
