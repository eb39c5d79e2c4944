import { tint, type MaskPainter, type Material } from '../material.ts';
import { cloud, length, noise, step, stroke, toSegment } from '../../canonical/shapes.ts';

/** An android: white ceramic shells over brushed steel, dark seams, lines of cyan light. */
export const android: MaskPainter = {
  name: 'android',
  title: 'Android',
  iris: [0.1, 0.8, 0.95],
  paint(spot, material) {
    const { x, y, side, eye, lips, seam, rim, eyeX, eyeY } = spot;
    tint(material, 0.88, 0.9, 0.93, 1);
    material.gloss = 0.75;
    // Steel: jaw, temples and a strip down the forehead.
    const jaw = step(-0.03, 0.03, -y - 3.15 - 0.34 * side + 2.1 * step(1.9, 3.4, side));
    const temple = step(-0.03, 0.03, side - 5.35 - 0.1 * y);
    const strip = step(0.03, -0.03, side - 0.55 - 0.1 * Math.max(0, y - 5)) * step(4.15, 4.25, y);
    const metal = Math.max(jaw, temple, strip);
    const brushed = noise(x * 1.5, y * 34) * 0.1;
    tint(material, 0.47 + brushed, 0.5 + brushed, 0.55 + brushed, metal);
    material.metal = 0.9 * metal;
    material.height -= 0.1 * metal;
    seams(material, spot, [
      Math.abs(-y - 3.15 - 0.34 * side + 2.1 * step(1.9, 3.4, side)),
      Math.abs(side - 5.35 - 0.1 * y),
      Math.abs(side - 0.55 - 0.1 * Math.max(0, y - 5)) + (y < 4.2 ? 9 : 0),
      Math.min(toSegment(side, y, 0.55, 4.2, 2.2, 3.75), toSegment(side, y, 2.2, 3.75, 5.6, 4.2)),
      Math.min(toSegment(side, y, 1.35, -0.2, 3.4, -1.1), toSegment(side, y, 3.4, -1.1, 5.2, 0.1)),
    ]);
    vents(material, side, y);
    tint(material, 0.1, 0.11, 0.13, step(0.5, 0.42, eye));
    material.height -= 0.12 * step(0.5, 0.36, eye);
    light(material, stroke(eye - 0.3, 0.075, 0.05));
    light(material, 0.9 * stroke(toSegment(side, y, 5.05, 1.6, 4.75, -0.9), 0.06, 0.05));
    light(material, 0.9 * stroke(toSegment(x, y, 0, 5.1, 0, 7.2), 0.06, 0.05));
    light(material, step(0.27, 0.2, length(x, y - 4.75)));
    tint(material, 0.33, 0.36, 0.4, step(0.04, -0.06, lips));
    material.height += 0.06 * step(0.1, -0.4, lips);
    tint(material, 0.03, 0.04, 0.05, stroke(seam, 0.06));
    for (const [boltX, boltY] of [
      [5.95, 2.9],
      [5.9, -1.9],
      [2.35, -7.2],
      [1.2, 7.1],
    ] as const) {
      bolt(material, side - boltX, y - boltY);
    }
    tint(material, 0.1, 0.11, 0.13, stroke(rim - 0.3, 0.12, 0.05));
    // Light falls out of the eyes onto their rims.
    const spill = step(1.5, 0.3, length(eyeX * 0.7, eyeY)) * step(0.3, 0.6, eye);
    tint(material, 0.35, 0.85, 0.95, 0.22 * spill);
    const wear = cloud(x * 0.9 + 5, y * 0.9);
    tint(material, 0.5, 0.53, 0.57, 0.3 * step(0.62, 0.75, wear) * (1 - metal));
  },
};

/** Gaps between the shells. */
function seams(material: Material, spot: { readonly eye: number }, lines: readonly number[]): void {
  const gap = stroke(Math.min(...lines), 0.06, 0.045) * step(0.4, 0.6, spot.eye);
  tint(material, 0.05, 0.055, 0.07, gap);
  material.height -= 0.08 * gap;
  material.metal *= 1 - gap;
  material.gloss *= 1 - gap;
}

/** Three slots in each cheek. */
function vents(material: Material, side: number, y: number): void {
  for (const slot of [0, 1, 2]) {
    const d = toSegment(side, y, 3.2 + slot * 0.15, -2.0 - slot * 0.5, 4.5 - slot * 0.1, -1.55 - slot * 0.5);
    const open = stroke(d, 0.11, 0.05);
    tint(material, 0.06, 0.065, 0.08, open);
    material.height -= 0.12 * open;
    material.gloss *= 1 - open;
  }
}

function bolt(material: Material, x: number, y: number): void {
  const d = length(x, y);
  if (d > 0.4) return;
  tint(material, 0.6, 0.63, 0.68, step(0.24, 0.2, d));
  material.metal = Math.max(material.metal, step(0.24, 0.2, d));
  material.height += 0.08 * step(0.24, 0.12, d);
  tint(material, 0.1, 0.1, 0.12, stroke(d - 0.26, 0.035, 0.03));
  tint(material, 0.12, 0.12, 0.14, step(0.16, 0.13, d) * stroke(x + y * 0.4, 0.035, 0.03));
}

function light(material: Material, share: number): void {
  tint(material, 0.25, 0.97, 1, share);
  material.glow = Math.max(material.glow, share);
  material.metal *= 1 - share;
}
