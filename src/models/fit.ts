import type { GraphSignature, GraphValue } from '../onnx/signature.ts';
import type { ContractTensor, PublishedModel } from './contract.ts';

/** What of a graph is not as the model's contract says, naming the tensor and both shapes; undefined if all of it is. */
export function misfit(model: PublishedModel, graph: GraphSignature): string | undefined {
  const given = graph.inputs.find(({ name }) => !model.inputs.some((tensor) => tensor.name === name));
  return (
    tensorMisfit('input', model.inputs, graph.inputs) ??
    tensorMisfit('output', model.outputs, graph.outputs) ??
    (graph.inputs.length > model.inputs.length
      ? `it must have no input but ${model.inputs.map(({ name }) => name).join(', ')} [input:${given?.name}]`
      : undefined) ??
    weightMisfit(model, graph)
  );
}

/** A graph's inputs and outputs as text. */
export function told({ inputs, outputs }: Pick<GraphSignature, 'inputs' | 'outputs'>): string {
  const listed = (values: readonly GraphValue[]): string =>
    values.map(({ name, type, shape }) => `${name} ${extents(shape)} ${type}`).join(', ') || 'nothing';
  return `${listed(inputs)} → ${listed(outputs)}`;
}

/** A contract's inputs and outputs as text. */
export function wanted({ inputs, outputs }: Pick<PublishedModel, 'inputs' | 'outputs'>): string {
  const listed = (tensors: readonly ContractTensor[]): string =>
    tensors.map(({ name, shape }) => `${name} ${extents(shape)}`).join(', ');
  return `${listed(inputs)} → ${listed(outputs)}`;
}

function tensorMisfit(
  side: 'input' | 'output',
  tensors: readonly ContractTensor[],
  values: readonly GraphValue[],
): string | undefined {
  for (const [index, tensor] of tensors.entries()) {
    // Outputs are read in order, as is a sole input: their names differ from export to export.
    const byPlace = side === 'output' || tensors.length === 1;
    const value = byPlace ? values[index] : values.find(({ name }) => name === tensor.name);
    if (value === undefined) return `it must have the ${side} ${tensor.name}, ${extents(tensor.shape)} [${side}:none]`;
    const named = `[${side}:${value.name}]`;
    if (!isOfType(tensor, value)) return `its ${side} must be ${tensor.type} ${named} [type:${value.type}]`;
    if (!fits(tensor.shape, value.shape)) {
      return `its ${side} must be ${extents(tensor.shape)} ${named} [shape:${extents(value.shape)}]`;
    }
  }
  return undefined;
}

function weightMisfit({ weights, lastInitializer }: PublishedModel, graph: GraphSignature): string | undefined {
  if (lastInitializer !== undefined && String(graph.lastInitializer) !== String(lastInitializer)) {
    return `its last initializer must be ${extents(lastInitializer)} [shape:${extents(graph.lastInitializer)}]`;
  }
  if (weights !== undefined && graph.weights !== weights) {
    return `its weights must be ${weights} [type:${graph.weights ?? 'none'}]`;
  }
  return undefined;
}

function isOfType({ type }: ContractTensor, value: GraphValue): boolean {
  return type === 'float' ? value.type === 'float32' || value.type === 'float16' : value.type === type;
}

function fits(expected: ContractTensor['shape'], shape: GraphValue['shape']): boolean {
  if (expected === undefined || shape === undefined) return true;
  return (
    expected.length === shape.length &&
    expected.every((extent, axis) => {
      const given = shape[axis]!;
      const free = typeof given === 'string' || given <= 0;
      return free || given === (extent === 'n' ? 1 : extent);
    })
  );
}

function extents(shape: readonly (number | string)[] | undefined): string {
  return shape?.map((extent) => (extent === '' || Number(extent) < 0 ? '?' : extent)).join('×') ?? 'any';
}
