import type { InferenceSession } from 'onnxruntime-node';
import { GatewayError } from '../../errors.ts';

/** What a model run in batches must take and give: extents without the batch, which comes first. */
export interface BatchContract {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** It has one output, under any name. */
  readonly output: readonly number[];
}

/** One input or output. */
export interface FloatValue {
  readonly name: string;
  readonly type: 'float32' | 'float16';
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
): { readonly inputs: readonly FloatValue[]; readonly output: FloatValue; readonly single: boolean } {
  const names = Object.keys(contract.inputs);
  for (const { name } of model.inputMetadata) {
    if (!names.includes(name)) refuse(`model must have no input besides ${names.join(' and ')} [input:${name}]`);
  }
  const given = names.map((name) => {
    const value = model.inputMetadata.find((input) => input.name === name);
    return value ?? refuse(`model must have this input [input:${name}] [inputs:${list(model.inputMetadata)}]`);
  });
  const [output, another] = model.outputMetadata;
  if (output === undefined || another !== undefined) {
    refuse(`model must have one output [outputs:${list(model.outputMetadata)}]`);
  }
  const inputs = given.map((value) => fit(value, contract.inputs[value.name]!));
  return {
    inputs,
    output: fit(output, contract.output),
    single: [...given, output].some((value) => value.isTensor && value.shape[0] === 1),
  };
}

function fit(value: InferenceSession.ValueMetadata, extents: readonly number[]): FloatValue {
  const wanted = `[n|1, ${extents.join(', ')}]`;
  if (!value.isTensor || (value.type !== 'float32' && value.type !== 'float16')) {
    const type = value.isTensor ? value.type : 'no tensor';
    refuse(`tensor must be float32 or float16 ${wanted} [tensor:${value.name}] [type:${type}]`);
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

function list(values: readonly InferenceSession.ValueMetadata[]): string {
  return values.map(({ name }) => name).join(', ');
}

function refuse(message: string): never {
  throw new GatewayError('model_unsupported', message);
}
