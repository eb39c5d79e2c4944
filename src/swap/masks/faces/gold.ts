import { gild, tint, type MaskPainter } from '../material.ts';
import { bell, clamp01, cloud, length, spiral, step, stroke } from '../../canonical/shapes.ts';

/** A gilded deity: cast gold with turquoise inlay, a ruby on the forehead and engraved spirals. */
export const gold: MaskPainter = {
  name: 'gold',
  title: 'Golden deity',
  iris: [0.75, 0.5, 0.1],
  paint(spot, material) {
    const { x, y, side, eye, lips, seam, brow, rim, eyeY } = spot;
    const wear = cloud(x * 1.3, y * 1.3);
    gild(material, 0.98 - wear * 0.08, 0.78 - wear * 0.1, 0.36 - wear * 0.1, 1);
    material.gloss = 0.72;
    material.height += (cloud(x * 5, y * 5) - 0.5) * 0.012;
    // Hammered brows and lips stand out; the seam and the engraving are cut in.
    material.height += 0.16 * stroke(brow, 0.16, 0.14) + 0.1 * step(0.15, -0.5, lips);
    material.height -= 0.08 * stroke(lips, 0.03, 0.08);
    const cut = Math.max(
      stroke(spiral(side - 4.6, y + 1.7, 1.5, 2.5, 1), 0.05, 0.05),
      stroke(spiral(x, y + 7.75, 0.85, 1.8, 1), 0.045, 0.05),
      stroke(brow - 0.62, 0.035, 0.05) * step(3.6, 4.4, y),
      rays(x, y),
    );
    material.height -= 0.07 * cut;
    tint(material, 0.32, 0.2, 0.06, 0.75 * cut);
    const band = stroke(rim - 0.55, 0.3, 0.05);
    material.height += 0.1 * band;
    const bead = Math.abs(Math.sin(Math.atan2(y, x) * 46));
    material.height += 0.1 * stroke(rim - 0.55, 0.16, 0.1) * bead;
    inlay(material, 0.08, 0.5, 0.52, stroke(eye - 0.34, 0.13, 0.05) * (0.35 + 0.65 * step(-0.4, 0.2, eyeY)));
    tint(material, 0.1, 0.06, 0.02, stroke(eye - 0.06, 0.07));
    tint(material, 0.25, 0.12, 0.03, 0.95 * stroke(seam, 0.06));
    const d = length(x / 0.62, (y - 5.55) / 0.9);
    material.height += 0.12 * stroke(d - 1.18, 0.14, 0.08);
    inlay(material, 0.72, 0.03, 0.08, step(1.05, 0.95, d));
    material.height += 0.2 * clamp01(1 - d * d);
    tint(material, 1, 0.75, 0.7, 0.8 * bell(x + 0.2, y - 5.85, 0.1, 0.13));
  },
};

/** Thin rays around the gem, every second one shorter. */
function rays(x: number, y: number): number {
  const r = length(x, y - 5.55);
  if (r < 1.25 || r > 2.6 || y < 5) return 0;
  const turn = (Math.atan2(x, y - 5.55) / Math.PI) * 13;
  const reach = Math.round(turn) % 2 === 0 ? 2.5 : 1.85;
  return r < reach ? stroke((turn - Math.round(turn)) * r, 0.16 * (1.15 - r / reach), 0.12) : 0;
}

/** Stone set into the metal. */
function inlay(
  material: Parameters<MaskPainter['paint']>[1],
  red: number,
  green: number,
  blue: number,
  share: number,
): void {
  tint(material, red, green, blue, share);
  material.metal *= 1 - share;
  material.gloss += (0.9 - material.gloss) * share;
}
