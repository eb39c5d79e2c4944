import { Spread } from '../composite/spread.ts';
import type { Fields } from '../canonical/fields.ts';
import { step } from '../canonical/shapes.ts';
import { centimetresX, centimetresY, type Portrait } from './portrait.ts';

/** Colour of the skin in a portrait, from cheeks and the bridge of the nose, where no hair grows. */
export interface Skin {
  readonly y: number;
  readonly u: number;
  readonly v: number;
  /** Standard deviation of its luma. */
  readonly contrast: number;
  /** Mean step of luma from pixel to pixel: grain and pores. */
  readonly grain: number;
}

/** Luma steps by which skin may be darker than the cheeks, on the forehead and where the face turns away from the light. */
export const FOREHEAD_SHADE = 22;
export const RIM_SHADE = 44;

/** Measures the skin of a portrait. */
export function measureSkin(portrait: Portrait): Skin {
  const y = new Spread();
  const u = new Spread();
  const v = new Spread();
  let steps = 0;
  for (let k = 0; k < portrait.place.length; k++) {
    const place = portrait.place[k]!;
    if (place < 0 || !isCheekOrNose(place)) continue;
    y.add(portrait.y[k]!);
    u.add(portrait.u[k]!);
    v.add(portrait.v[k]!);
    steps += Math.abs(portrait.y[k + 1]! - portrait.y[k]!);
  }
  for (const spread of [y, u, v]) spread.settle();
  return { y: y.mean, u: u.mean, v: v.mean, contrast: y.deviation, grain: steps / Math.max(1, y.count) };
}

function isCheekOrNose(place: number): boolean {
  const side = Math.abs(centimetresX(place));
  const y = centimetresY(place);
  return (side > 2.4 && side < 5 && y > -2.4 && y < 0.2) || (side < 0.7 && y > 0 && y < 3.2);
}

/**
 * 0–1: how little a pixel looks like the skin: hair, a hat, the background.
 * @param shade luma steps that skin may be darker there by its own shading
 */
export function strangeness(portrait: Portrait, k: number, skin: Skin, shade: number): number {
  const chroma = Math.hypot(portrait.u[k]! - skin.u, portrait.v[k]! - skin.v) / 11;
  const dark = Math.max(0, skin.y - portrait.y[k]! - shade) / 24;
  const bright = Math.max(0, portrait.y[k]! - skin.y - 34) / 26;
  return step(0.75, 1.5, chroma + dark + bright);
}

/** True on the forehead, between brows and hairline. */
export function isForehead(fields: Fields, place: number): boolean {
  const y = centimetresY(place);
  return y > 5.6 && y < 7.4 && Math.abs(centimetresX(place)) < 4.5 && fields.rim[place]! > 0.4;
}
