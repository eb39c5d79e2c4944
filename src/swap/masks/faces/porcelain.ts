import { tint, type MaskPainter } from '../material.ts';
import { bell, cloud, crack, length, step, stroke } from '../../canonical/shapes.ts';

/** A glazed doll: ivory, rouge, a small red mouth, crackle in the glaze. */
export const porcelain: MaskPainter = {
  name: 'porcelain',
  title: 'Porcelain doll',
  iris: [0.25, 0.5, 0.75],
  paint(spot, material) {
    const { x, y, side, eye, lips, seam, brow, eyeX, eyeY } = spot;
    const mottle = cloud(x * 0.8, y * 0.8) * 0.03;
    tint(material, 0.95 - mottle, 0.915 - mottle, 0.875 - mottle, 1);
    material.gloss = 0.82;
    tint(material, 0.93, 0.5, 0.5, 0.62 * bell(side - 4.3, y + 1.2, 1.5, 1.25));
    tint(material, 0.93, 0.6, 0.58, 0.3 * bell(x, y + 0.9, 0.7, 0.5));
    tint(material, 0.93, 0.6, 0.58, 0.3 * bell(x, y + 8.6, 1.4, 0.7));
    tint(material, 0.6, 0.42, 0.5, 0.45 * step(1.1, 0, Math.abs(eye)) * step(-0.2, 0.5, eyeY));
    // A cupid's bow: the painted mouth is narrower than the real one.
    const bow = step(2.35, 1.5, side + Math.abs(y + 4.1) * 0.35) * step(0.08, -0.12, lips);
    tint(material, 0.78, 0.1, 0.16, 0.94 * bow);
    tint(material, 0.9, 0.72, 0.68, 0.5 * step(0.05, -0.15, lips) * (1 - bow));
    tint(material, 0.3, 0.02, 0.06, 0.9 * stroke(seam, 0.05) * step(2.6, 2.0, side));
    material.height += 0.06 * step(0.1, -0.5, lips);
    tint(material, 0.33, 0.2, 0.13, 0.85 * stroke(brow, 0.02 + 0.14 * step(6, 2.2, side)));
    const lid = eyeY > -0.25 ? 1 : 0.45;
    tint(material, 0.08, 0.05, 0.06, lid * stroke(eye - 0.05, eyeY > 0 ? 0.15 : 0.06));
    tint(material, 0.08, 0.05, 0.06, lashes(eyeX, eyeY, eye));
    const age = step(0.35, 0.75, cloud(x * 0.28 + 3, y * 0.28 + 8));
    const line = stroke(crack(x * 0.75 + 0.4 * cloud(x, y), y * 0.75), 0.012, 0.02) * age;
    tint(material, 0.5, 0.43, 0.37, 0.5 * line);
    material.height -= 0.02 * line;
    tint(material, 0.15, 0.08, 0.07, stroke(length(x - 3.0, y + 3.0), 0.13));
  },
};

/** Rays above and below the eye, longest at its outer half. */
function lashes(eyeX: number, eyeY: number, eye: number): number {
  if (eye < 0.05 || eye > 0.75) return 0;
  const angle = Math.atan2(eyeY, eyeX * 0.55);
  const reach = eyeY > 0 ? 0.62 * step(-1.6, 1.2, eyeX) : 0.38;
  return eye < reach ? stroke(Math.sin(angle * 13), 0.34 * (1 - eye / reach), 0.2) * (eyeY > 0 ? 0.9 : 0.55) : 0;
}
