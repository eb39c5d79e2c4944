import type { Fields } from '../canonical/fields.ts';
import { hash, step } from '../canonical/shapes.ts';
import { fillHoles } from './fill-holes.ts';
import { mouthGap } from './judge.ts';
import { mouthFaults } from './mouth-faults.ts';
import { centimetresY, isPlain, OUTSIDE, type Portrait } from './portrait.ts';
import { FOREHEAD_SHADE, measureSkin, RIM_SHADE, strangeness } from './skin.ts';

/** Gap between the lips, as a share of the mouth's width, up to which they count as closed. */
const CLOSED_MOUTH = 0.05;

/**
 * Takes out of a portrait what would look wrong on another head: hair, hat and background inside the outline of the face
 * become skin, teeth and dark corners on the lips become lip. In place. Some 100 ms.
 */
export function repairPortrait(portrait: Portrait, fields: Fields): void {
  const skin = measureSkin(portrait);
  const strange = Float32Array.from(portrait.place, (place, k) => {
    if (place < 0) return 0;
    const shade = RIM_SHADE + (FOREHEAD_SHADE - RIM_SHADE) * step(4.4, 5.4, centimetresY(place));
    return strangeness(portrait, k, skin, shade);
  });
  const replaced = spreadOut(
    strange.map((s, k) => s * zone(fields, portrait.place[k]!)),
    portrait,
  );
  const plain = Float32Array.from(portrait.place, (place, k) => {
    if (place < 0 || !isPlain(fields, place)) return 0;
    // What lies under a fringe is in its shadow: it must not colour the forehead.
    const shaded = step(4.2, 5.2, centimetresY(place)) * step(-2, -12, portrait.y[k]! - skin.y);
    const sure = (1 - strange[k]!) * (1 - replaced[k]!) * (1 - shaded);
    return sure * sure * step(0.3, 0.8, fields.rim[place]!);
  });
  // Beyond the face there is background; skin continues there for what the raster samples at the silhouette.
  portrait.place.forEach((place, k) => place === OUTSIDE && (replaced[k] = 1));
  refill(portrait, plain, replaced, skin.grain);
  // Closed lips have no faults, and the dark line between them belongs there.
  if (mouthGap(portrait.points) < CLOSED_MOUTH) return;
  const faults = mouthFaults(portrait, fields);
  refill(portrait, faults.supply, faults.replaced, skin.grain);
}

/**
 * 0–1: where a stranger is replaced: on the forehead and along the rim, wider beside the ears than at the chin, where it
 * may be a beard. Elsewhere it may be a feature of the face.
 */
function zone(fields: Fields, place: number): number {
  if (place < 0) return 0;
  const y = centimetresY(place);
  const brow = fields.brow[place]!;
  const forehead = step(4.8, 5.3, y) * step(0.25, 0.55, brow);
  const width = 1.6 + 1.7 * step(-6, -4.5, y);
  const rim = step(width + 0.6, width - 0.2, fields.rim[place]!);
  return Math.max(forehead, rim * step(1.2, 1.9, fields.eye[place]!) * step(0.25, 0.55, brow));
}

/** Lets a mark reach a few pixels further: at the edge of hair, pixels are half hair. */
function spreadOut(marks: Float32Array, { width, height }: Portrait): Float32Array {
  const reach = 6;
  let from = marks;
  for (const [along, across, length, lines] of [
    [1, width, width, height],
    [width, 1, height, width],
  ] as const) {
    const to = new Float32Array(from.length);
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < length; i++) {
        let sum = 0;
        for (let j = Math.max(0, i - reach); j <= Math.min(length - 1, i + reach); j++)
          sum += from[line * across + j * along]!;
        to[line * across + i * along] = sum / (2 * reach + 1);
      }
    }
    from = to;
  }
  return from.map((mean, k) => Math.max(marks[k]!, step(0.04, 0.5, mean)));
}

/**
 * @param supply 0–1: what the new colour is taken from
 * @param replaced 0–1: how much of a pixel is replaced
 */
function refill(portrait: Portrait, supply: Float32Array, replaced: Float32Array, grain: number): void {
  const { width, height } = portrait;
  for (const [plane, noise] of [
    [portrait.y, grain],
    [portrait.u, 0],
    [portrait.v, 0],
  ] as const) {
    const smooth = Float32Array.from(plane);
    fillHoles(smooth, supply.slice(), width, height);
    for (let k = 0; k < plane.length; k++) {
      const share = replaced[k]!;
      if (share === 0) continue;
      const fresh = smooth[k]! + (hash(k % width, k / width) - 0.5) * 2 * noise;
      plane[k] = Math.max(16, Math.min(240, plane[k]! + (fresh - plane[k]!) * share + 0.5));
    }
  }
}
