import type { OnnxNode } from '../../graph/onnx-model.ts';
import type { EditableGraph } from '../editable-graph.ts';
import { Shapes } from '../shapes.ts';

/** Name of the extent that is free. */
const BATCH = 'n';

/**
 * Makes the batch of a graph free that was exported for one item: its inputs and outputs, and the constants in which the 1 stands. Whether
 * a batch then gives what single items give has to be seen: a graph may take things of its items together.
 * @returns how many constants were changed; undefined if the batch was free already
 */
export function freeBatch(graph: EditableGraph): number | undefined {
  const { model } = graph;
  // A number that it takes besides, as a weight, has no batch.
  const ends = [...model.inputs, ...model.outputs].filter(isBatched);
  if (ends.every(({ shape }) => typeof shape[0] === 'string')) return undefined;
  const shapes = new Shapes(graph);
  let changed = 0;
  for (const node of [...graph.nodes]) {
    if (node.operator === 'Reshape' && freeReshape(graph, shapes, node)) changed++;
    if (node.operator === 'Resize' && freeResize(graph, shapes, node)) changed++;
    shapes.visit(node);
  }
  const free = <Value extends (typeof ends)[number]>(value: Value): Value => ({
    ...value,
    shape: isBatched(value) ? [BATCH, ...value.shape.slice(1)] : value.shape,
  });
  model.inputs = model.inputs.map(free);
  model.outputs = model.outputs.map(free);
  return changed;
}

/** Whether a value of this shape has the batch first. */
export function isBatched({ shape }: { readonly shape: readonly unknown[] }): boolean {
  return shape.length > 1;
}

/** [1, …] of something that has the batch first becomes [what is left, …], or, where that is said already, [as it was, …]. */
function freeReshape(graph: EditableGraph, shapes: Shapes, node: OnnxNode): boolean {
  const [value, target] = node.inputs as [string, string];
  const numbers = graph.wholes(target);
  if (shapes.get(value)?.[0] !== BATCH || numbers?.[0] !== 1) return false;
  const freed = [numbers.includes(-1) ? 0 : -1, ...numbers.slice(1)];
  graph.reconnect(node, [value, graph.numbers('int64', [freed.length], freed)]);
  return true;
}

/** Sizes that say [1, c, h, w] become scales, which say nothing of the batch. */
function freeResize(graph: EditableGraph, shapes: Shapes, node: OnnxNode): boolean {
  const [value, region, , target] = node.inputs as [string, string?, string?, string?];
  const [sizes, shape] = [graph.wholes(target), shapes.get(value)];
  if (sizes?.[0] !== 1 || shape?.[0] !== BATCH || sizes.length !== shape.length) return false;
  const scales = shape.map((extent, axis) => (extent === 'n' ? 1 : sizes[axis]! / extent));
  graph.reconnect(node, [value, region ?? '', graph.numbers('float32', [scales.length], scales)]);
  return true;
}
