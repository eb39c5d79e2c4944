import { tint, type Material, type Spot } from './material.ts';
import { bell, step, stroke } from '../canonical/shapes.ts';

/** Radius of the iris, centimetres; it is cut off by the lids as a real one is. */
const IRIS = 0.62;

/** The mask's own eye, seen where the caller's are not kept: glass, with an iris of the mask's colour. */
export function paintEye(spot: Readonly<Spot>, material: Material, iris: readonly [number, number, number]): void {
  const inside = step(0.02, -0.04, spot.eye);
  // Both eyes look the same way, so the picture's x counts here, not the outward one.
  const x = spot.x < 0 ? -spot.eyeX : spot.eyeX;
  const y = spot.eyeY;
  const r = Math.sqrt(x * x + y * y);
  tint(material, 0.93, 0.91, 0.88, inside);
  tint(material, 0.35, 0.26, 0.24, inside * 0.7 * step(-0.34, 0, spot.eye + 0.02 - y * 0.12));
  tint(material, iris[0] * 0.45, iris[1] * 0.45, iris[2] * 0.45, inside * step(IRIS, IRIS - 0.08, r));
  const spokes = 0.75 + 0.25 * Math.sin(Math.atan2(y, x) * 23);
  tint(material, iris[0] * spokes, iris[1] * spokes, iris[2] * spokes, inside * step(IRIS - 0.06, IRIS - 0.2, r));
  tint(material, 0.01, 0.01, 0.02, inside * step(0.3, 0.24, r));
  tint(material, 1, 1, 1, inside * bell(x + 0.2, y - 0.2, 0.09, 0.09));
  tint(material, 0.1, 0.07, 0.07, stroke(spot.eye, 0.05, 0.05));
  material.metal *= 1 - inside;
  material.glow *= 1 - inside;
  material.height *= 1 - inside;
  material.gloss += (0.6 - material.gloss) * inside;
}
