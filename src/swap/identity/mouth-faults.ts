import type { Fields } from '../canonical/fields.ts';
import { step } from '../canonical/shapes.ts';
import { Spread } from '../composite/spread.ts';
import { centimetresX, centimetresY, type Portrait } from './portrait.ts';

/** Where the corners of the mouth are on the canonical face, centimetres. */
const CORNER = { side: 2.42, y: -4.05 } as const;

/** What of the lips is to be replaced, and from what. A value 0–1 for every pixel. */
export interface MouthFaults {
  readonly replaced: Float32Array;
  readonly supply: Float32Array;
}

/**
 * Finds teeth that reach onto the lips and the dark pits of a smile's corners: on a caller whose mouth is closed they
 * would show as white specks and black dots.
 */
export function mouthFaults(portrait: Portrait, fields: Fields): MouthFaults {
  const lip = lipColour(portrait, fields);
  const replaced = new Float32Array(portrait.place.length);
  const supply = new Float32Array(portrait.place.length);
  for (let k = 0; k < replaced.length; k++) {
    const place = portrait.place[k]!;
    if (place < 0) continue;
    const toCorner = Math.hypot(Math.abs(centimetresX(place)) - CORNER.side, centimetresY(place) - CORNER.y);
    const onLips = step(0.25, -0.05, fields.lips[place]!);
    const nearCorner = step(1, 0.55, toCorner);
    const zone = Math.max(onLips, nearCorner);
    if (zone === 0) {
      supply[k] = fields.lips[place]! < 0.8 ? 0.2 : 0;
      continue;
    }
    const y = portrait.y[k]!;
    const teeth = step(16, 34, y - lip.y) * step(-1, -6, portrait.v[k]! - lip.v) * onLips;
    const pit = step(20, 42, lip.y - y);
    replaced[k] = zone * Math.max(teeth, pit);
    supply[k] = 1 - replaced[k]!;
  }
  return { replaced, supply };
}

function lipColour(portrait: Portrait, fields: Fields): { y: number; v: number } {
  const y = new Spread();
  const v = new Spread();
  for (let k = 0; k < portrait.place.length; k++) {
    const place = portrait.place[k]!;
    // The outer part of the lips: nearer to the seam there may be teeth.
    if (place < 0 || fields.lips[place]! > -0.05 || fields.seam[place]! < 0.3) continue;
    y.add(portrait.y[k]!);
    v.add(portrait.v[k]!);
  }
  y.settle();
  v.settle();
  return { y: y.mean, v: v.mean };
}
