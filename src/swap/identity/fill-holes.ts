/** Values with how far each is to be believed, 0–1; `width * height` each. */
interface Level {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
  readonly weights: Float32Array;
}

/**
 * Replaces what is not to be believed by a smooth continuation of what is (push-pull: averages over ever larger blocks,
 * then the finest block that knows something wins). In place.
 * @param weights 0–1 for every value: 1 stays, 0 is filled in
 */
export function fillHoles(values: Float32Array, weights: Float32Array, width: number, height: number): void {
  const levels: Level[] = [{ width, height, values, weights }];
  while (levels.at(-1)!.width > 1 || levels.at(-1)!.height > 1) levels.push(shrink(levels.at(-1)!));
  for (let i = levels.length - 2; i >= 0; i--) pull(levels[i]!, levels[i + 1]!);
}

function shrink({ width, height, values, weights }: Level): Level {
  const [w, h] = [(width + 1) >> 1, (height + 1) >> 1];
  const small: Level = { width: w, height: h, values: new Float32Array(w * h), weights: new Float32Array(w * h) };
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      const to = (y >> 1) * w + (x >> 1);
      small.values[to]! += values[k]! * weights[k]!;
      small.weights[to]! += weights[k]!;
    }
  }
  for (let k = 0; k < w * h; k++) {
    if (small.weights[k]! > 0) small.values[k]! /= small.weights[k]!;
    small.weights[k] = Math.min(1, small.weights[k]!);
  }
  return small;
}

/** Mixes the coarser level in where the finer one does not know. */
function pull(fine: Level, coarse: Level): void {
  for (let y = 0, k = 0; y < fine.height; y++) {
    const cy = Math.max(0, Math.min(coarse.height - 1, y / 2 - 0.25));
    const top = Math.floor(cy);
    const bottom = Math.min(coarse.height - 1, top + 1);
    for (let x = 0; x < fine.width; x++, k++) {
      const weight = fine.weights[k]!;
      if (weight >= 1) continue;
      const cx = Math.max(0, Math.min(coarse.width - 1, x / 2 - 0.25));
      const left = Math.floor(cx);
      const right = Math.min(coarse.width - 1, left + 1);
      const [fx, fy] = [cx - left, cy - top];
      const at = (row: number, column: number): number => coarse.values[row * coarse.width + column]!;
      const upper = at(top, left) * (1 - fx) + at(top, right) * fx;
      const lower = at(bottom, left) * (1 - fx) + at(bottom, right) * fx;
      const around = upper * (1 - fy) + lower * fy;
      fine.values[k] = fine.values[k]! * weight + around * (1 - weight);
    }
  }
}
