import { tint, type MaskPainter } from '../material.ts';
import { bell, length, step, stroke, toSegment } from '../../canonical/shapes.ts';

/** Pop art: flat colours, ink lines, shadows of printed dots. Not lit: print has no light of its own. */
export const comic: MaskPainter = {
  name: 'comic',
  title: 'Pop art comic',
  iris: [0.1, 0.45, 0.9],
  paint(spot, material) {
    const { x, y, side, eye, lips, seam, brow, rim, eyeX, eyeY } = spot;
    material.glow = 0.86;
    tint(material, 1, 0.86, 0.7, 1);
    // The shadow falls to the right: rows of dots that grow with its depth.
    const shadow =
      0.75 * step(1.2, 5.6, x + 0.16 * y) +
      0.7 * bell(side - 1.2, y + 2.0, 0.7, 0.35) +
      0.8 * step(-6.9, -8.4, y) +
      0.6 * bell(x - 0.95, y - 0.6, 0.35, 1.6) +
      0.5 * bell(x, y + 5.95, 1.1, 0.3);
    tint(material, 0.95, 0.33, 0.3, dots(x, y, 0.42, shadow));
    tint(material, 0.98, 0.5, 0.5, 0.9 * dots(x + 0.2, y, 0.36, 0.75 * bell(side - 4.1, y + 1.5, 1.0, 0.75)));
    tint(material, 0.2, 0.55, 0.9, step(0.95, 0.85, eye) * step(-0.1, 0.15, eyeY) * step(0.28, 0.34, eye));
    tint(material, 0.9, 0.05, 0.12, step(0.1, 0.02, lips));
    tint(material, 1, 0.95, 0.95, 0.95 * step(0.05, -0.03, length((x + 0.75) / 2.2, (y + 4.75) * 1.6) - 0.27));
    const ink = Math.max(
      stroke(lips - 0.07, 0.08, 0.04),
      stroke(seam, 0.09, 0.04) * step(2.75, 2.5, side),
      stroke(brow, 0.12 + 0.24 * step(6.2, 2, side), 0.05),
      stroke(eye - 0.06, eyeY > -0.1 ? 0.2 : 0.07, 0.04),
      stroke(toSegment(eyeX, eyeY, 1.25, 0.15, 2.1, 0.75), 0.12, 0.05),
      stroke(toSegment(eyeX, eyeY, 1.05, 0.45, 1.75, 1.15), 0.09, 0.05),
      stroke(toSegment(x, y, 0.55, 3.4, 0.8, -0.3), 0.07, 0.04),
      stroke(length(x, y + 1.35) - 1.15, 0.08, 0.04) * step(-1.75, -1.95, y) * step(0.15, 0.35, side),
      stroke(length(side - 1.0, y + 1.2) - 0.75, 0.08, 0.04) * step(1.35, 1.5, side),
      stroke(toSegment(side, y, 2.05, -2.1, 3.1, -3.6), 0.06, 0.04),
      stroke(rim - 0.2, 0.24, 0.05),
    );
    tint(material, 0.04, 0.03, 0.06, ink);
    const tear = Math.min(
      length((x - 3.95) / 0.42, (y + 0.75) / 0.5) - 1,
      (toSegment(x, y, 3.95, -0.7, 3.85, 0.45) - 0.16) * 2,
    );
    tint(material, 0.55, 0.85, 1, step(0.05, -0.05, tear));
    tint(material, 0.04, 0.03, 0.06, stroke(tear, 0.13, 0.08));
    tint(material, 1, 1, 1, step(0.05, -0.05, length(x - 4.08, y + 0.65) - 0.12));
  },
};

/** Dots on a slanted grid whose area is the given share, 0–1. */
function dots(x: number, y: number, pitch: number, share: number): number {
  if (share < 0.04) return 0;
  const a = ((x + y) * 0.7071) / pitch;
  const b = ((x - y) * 0.7071) / pitch;
  const d = length(a - Math.round(a), b - Math.round(b));
  const radius = 0.62 * Math.sqrt(Math.min(1, share));
  return step(radius + 0.1, radius - 0.1, d);
}
