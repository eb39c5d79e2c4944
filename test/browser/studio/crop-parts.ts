import type { I420 } from '../../../src/media/plane.ts';
import { Cutter } from '../../../src/swap/neural/align/cutter.ts';
import { fivePoints } from '../../../src/swap/neural/align/five-points.ts';
import { fitSimilarity, invert } from '../../../src/swap/neural/align/similarity.ts';
import { templatePoints, type TemplateName } from '../../../src/swap/neural/align/templates.ts';

/** Parts of a crop, as shares of its side: of the new face, and what masks of generated networks keep: before it, of the hair, below. */
export const PARTS = {
  face: { x: 0.42, y: 0.42 },
  before: { x: 0.03, y: 0.42 },
  hair: { x: 0.42, y: 0.03 },
  below: { x: 0.42, y: 0.8 },
} as const;
/** Side of a part. */
export const EXTENT = 0.14;

/** Mean red, green and blue of each part, 0..1. */
export type PartColours = Readonly<Record<keyof typeof PARTS, readonly [number, number, number]>>;

/** Looks at the parts of a crop in pictures of one size. */
export class CropParts {
  readonly #template: TemplateName;
  readonly #cutter: Cutter;

  constructor(template: TemplateName, size: number) {
    this.#template = template;
    this.#cutter = new Cutter(size);
  }

  /** @param landmarks where the face truly is */
  colours(picture: I420, landmarks: Float32Array): PartColours {
    const { size } = this.#cutter;
    const crop = new Uint8Array(3 * size * size);
    const toCrop = fitSimilarity(fivePoints(landmarks), templatePoints(this.#template, size));
    this.#cutter.cut(picture, invert(toCrop!), crop);
    const mean = (part: keyof typeof PARTS): [number, number, number] => meanOf(crop, size, part);
    return { face: mean('face'), before: mean('before'), hair: mean('hair'), below: mean('below') };
  }
}

function meanOf(crop: Uint8Array, size: number, part: keyof typeof PARTS): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  const side = Math.round(size * EXTENT);
  const [left, top] = [Math.round(size * PARTS[part].x), Math.round(size * PARTS[part].y)];
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++) {
      for (let channel = 0; channel < 3; channel++) sums[channel]! += crop[3 * (y * size + x) + channel]!;
    }
  }
  return sums.map((sum) => sum / side / side / 255) as [number, number, number];
}
