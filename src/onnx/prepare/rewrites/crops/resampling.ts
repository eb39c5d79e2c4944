import type { EditableGraph } from '../../editable-graph.ts';

/** How squares become squares of another side: each value is a sum over rows and columns by these weights. */
export interface Resampling {
  readonly from: number;
  readonly to: number;
  /** [to, from], of columns and of rows. */
  readonly across: Float32Array;
  readonly down: Float32Array;
}

/** Two products do it, for any number of squares. @param value [.., from, from] float32 @returns [.., to, to] */
export function resample(graph: EditableGraph, value: string, { from, to, across, down }: Resampling): string {
  const turned = Float32Array.from({ length: from * to }, (_, k) => across[(k % to) * from + Math.floor(k / to)]!);
  const [wide] = graph.add('MatMul', [value, graph.numbers('float32', [from, to], turned)]);
  const [square] = graph.add('MatMul', [graph.numbers('float32', [to, from], down), wide]);
  return square;
}
