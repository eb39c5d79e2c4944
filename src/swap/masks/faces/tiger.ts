import { tint, type MaskPainter, type Material } from '../material.ts';
import { bell, cloud, length, noise, step, stroke, toSegment } from '../../canonical/shapes.ts';

/** A tiger: orange fur, white muzzle and brows, black stripes that taper inwards. */
export const tiger: MaskPainter = {
  name: 'tiger',
  title: 'Tiger',
  iris: [0.75, 0.8, 0.2],
  paint(spot, material) {
    const { x, y, side, eye, lips, seam, rim, eyeX, eyeY } = spot;
    // Hair runs outwards from the nose: noise that is long along that direction.
    const away = Math.atan2(y + 0.6, x);
    const radius = length(x, y + 0.6);
    const hair = noise(away * 60, radius * 1.3) * 0.6 + noise(away * 130 + 5, radius * 2.2) * 0.4;
    const tone = 0.82 + 0.3 * (hair - 0.5) + 0.1 * cloud(x * 0.7, y * 0.7);
    tint(material, 0.93 * tone, 0.5 * tone, 0.13 * tone, 1);
    tint(material, 0.72 * tone, 0.3 * tone, 0.07, 0.55 * bell(side, y - 1.6, 1.1, 2.6));
    material.gloss = 0.12;
    material.height += 0.03 * hair;
    const white = Math.max(
      bell(side - 1.7, y + 3.1, 1.5, 1.35),
      bell(side, y + 6.4, 2.1, 1.9),
      1.1 * bell(side - 2.7, y - 4.35, 1.25, 0.62),
      0.95 * bell(side - 5.9, y + 2.9, 1.15, 2.3),
      0.9 * bell(eyeX, eyeY + 0.9, 1.2, 0.35),
    );
    const pale = step(0.32, 0.62, white + 0.25 * (hair - 0.5));
    tint(material, 0.97 * tone + 0.08, 0.94 * tone + 0.08, 0.86 * tone + 0.06, pale);
    const ragged = 0.16 * (hair - 0.5);
    const black = step(0.06, -0.06, stripes(side, y) + ragged);
    tint(material, 0.06, 0.04, 0.04, 0.96 * black * step(0.1, 0.3, eye));
    muzzle(material, x, y, side, lips);
    tint(material, 0.05, 0.03, 0.03, stroke(eye - 0.1, 0.2 + 0.25 * step(0.5, -1.6, eyeX) * step(0.6, -0.4, eyeY)));
    tint(material, 0.12, 0.06, 0.06, 0.85 * step(0.1, -0.05, lips));
    tint(material, 0.02, 0.01, 0.02, stroke(seam, 0.07));
    material.height += 0.12 * step(0.5, -0.2, Math.abs(rim - 1) - 0.6) * hair * 0.3;
  },
};

/** A stripe: a line from outside inwards that grows thin; distance, negative inside. */
function taper(x: number, y: number, ax: number, ay: number, bx: number, by: number, width: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const t = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
  return (
    toSegment(x, y, ax, ay, bx, by) - width * Math.sqrt(1 - t) * (0.55 + 0.45 * Math.sin(Math.PI * (0.25 + 0.75 * t)))
  );
}

/** From where to where the stripes run on one side, centimetres, and half their width. */
const STRIPES = [
  [0, 7.9, 0, 5.3, 0.2],
  [1.7, 7.7, 0.5, 6.5, 0.24],
  [2.2, 6.7, 0.55, 5.6, 0.25],
  [2.0, 5.75, 0.5, 4.85, 0.2],
  [4.3, 7.2, 3.1, 5.5, 0.27],
  [5.6, 6.2, 4.2, 5.0, 0.26],
  [7.4, 4.3, 4.9, 3.7, 0.3],
  [7.8, 2.7, 5.3, 2.4, 0.28],
  [7.9, 1.0, 5.0, 0.95, 0.3],
  [7.8, -0.8, 4.5, -0.35, 0.3],
  [7.4, -2.5, 4.2, -1.55, 0.3],
  [6.9, -4.2, 4.1, -3.0, 0.28],
  [6.2, -5.9, 3.9, -4.7, 0.26],
  [4.9, -7.5, 3.2, -6.2, 0.22],
  [1.15, 4.1, 0.35, 2.9, 0.12],
] as const;

/** Distance to the nearest stripe, negative inside. */
function stripes(side: number, y: number): number {
  const wave = y + 0.12 * Math.sin(side * 2.1);
  let nearest = 1;
  for (const [ax, ay, bx, by, width] of STRIPES) nearest = Math.min(nearest, taper(side, wave, ax, ay, bx, by, width));
  return nearest;
}

/** Nose leather, the line below it, and rows of whisker dots. */
function muzzle(material: Material, x: number, y: number, side: number, lips: number): void {
  const half = 1.55 * step(-2.55, -1.1, y) * step(0.35, -0.5, y) + 0.1;
  const leather = step(0.06, -0.08, side - half) * step(-2.5, -2.2, y) * step(0.3, -0.1, y);
  tint(material, 0.62, 0.3, 0.28, leather);
  tint(material, 0.1, 0.04, 0.04, leather * bell(side - 0.95, y + 1.75, 0.42, 0.26));
  material.gloss += (0.75 - material.gloss) * leather;
  material.height += 0.1 * leather;
  tint(
    material,
    0.08,
    0.04,
    0.04,
    stroke(x, 0.06) * step(-2.3, -2.5, y) * step(-3.6, -3.35, y) * step(-0.1, 0.1, lips),
  );
  if (side > 3.2 || y < -3.6 || y > -2) return;
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      const d = length(side - 1.75 - column * 0.55, y + 2.55 + row * 0.33 - column * 0.09);
      tint(material, 0.1, 0.06, 0.05, 0.85 * step(0.11, 0.06, d));
    }
  }
}
