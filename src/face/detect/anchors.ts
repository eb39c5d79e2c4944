/** A grid of anchors of a single-shot detector: `perCell` anchors in each of `cells × cells` cells. */
interface AnchorGrid {
  readonly cells: number;
  readonly perCell: number;
}

/**
 * Centres of BlazeFace's anchors, as (x, y) pairs in 0…1, in the order of the model's outputs (mediapipe
 * SsdAnchorsCalculator with `fixed_anchor_size`, so that boxes are in units of the whole input).
 */
export function anchorCentres(grids: readonly AnchorGrid[]): Float32Array {
  const centres: number[] = [];
  for (const { cells, perCell } of grids) {
    for (let row = 0; row < cells; row++) {
      for (let column = 0; column < cells; column++) {
        for (let k = 0; k < perCell; k++) centres.push((column + 0.5) / cells, (row + 0.5) / cells);
      }
    }
  }
  return Float32Array.from(centres);
}

/** Short range: strides 8 and 16 on 128 pixels; 896 anchors. */
export const SHORT_RANGE_GRIDS: readonly AnchorGrid[] = [
  { cells: 16, perCell: 2 },
  { cells: 8, perCell: 6 },
];

/** Full range: stride 4 on 192 pixels; 2304 anchors. */
export const FULL_RANGE_GRIDS: readonly AnchorGrid[] = [{ cells: 48, perCell: 1 }];
