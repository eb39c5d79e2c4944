/**
 * Reorders the axes of a dense tensor: axis `order[k]` of the input becomes axis `k` of the output.
 * @param shape of the input
 */
export function permute(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const rank = shape.length;
  const strides = new Array<number>(rank).fill(1);
  for (let axis = rank - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  const extents = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const index = new Array<number>(rank).fill(0);
  const result = new Float32Array(values.length);
  const lastExtent = extents[rank - 1]!;
  const lastStep = steps[rank - 1]!;
  let from = 0;
  for (let to = 0; to < result.length;) {
    for (let k = 0; k < lastExtent; k++) result[to++] = values[from + k * lastStep]!;
    for (let axis = rank - 2; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < extents[axis]!) break;
      from -= steps[axis]! * extents[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
