import { tint, type MaskPainter, type Material } from '../material.ts';
import { bell, cloud, length, spiral, step, stroke, toSegment } from '../../canonical/shapes.ts';

/** A sugar skull of the Day of the Dead: petals around black sockets, stitched lips, marigolds. */
export const calavera: MaskPainter = {
  name: 'calavera',
  title: 'Day of the Dead',
  iris: [0.85, 0.55, 0.1],
  paint(spot, material) {
    const { x, y, side, eye, lips, eyeX, eyeY } = spot;
    const chalk = cloud(x * 1.1, y * 1.1) * 0.06;
    tint(material, 0.96 - chalk, 0.94 - chalk, 0.89 - chalk, 1);
    material.gloss = 0.3;
    // Hollow cheeks and temples.
    tint(material, 0.45, 0.42, 0.45, 0.55 * bell((side - 4.9) * 0.9, y + 3.1 + (side - 4.9) * 0.7, 0.75, 1.2));
    tint(material, 0.5, 0.46, 0.5, 0.4 * bell(side - 6.2, y - 4.3, 0.8, 1.3));
    petals(material, eyeX, eyeY);
    const socket = step(0.62, 0.52, eye);
    tint(material, 0.035, 0.03, 0.05, socket);
    material.gloss *= 1 - socket;
    const bead = length(eyeX, eyeY * 1.25);
    const turn = (Math.atan2(eyeY * 1.25, eyeX) / Math.PI) * 11;
    const dots = length((turn - Math.round(turn)) * 0.42, bead - 2.05);
    tint(material, 0.98, 0.8, 0.2, step(0.12, 0.07, dots));
    nose(material, side, y);
    stitches(material, x, y, side, lips);
    flower(material, x, y - 6.0, 1.15, [0.93, 0.42, 0.06], [0.75, 0.1, 0.12]);
    flower(material, side - 5.35, y + 0.35, 0.62, [0.1, 0.55, 0.6], [0.98, 0.8, 0.2]);
    const vine = Math.min(
      spiral(side - 2.55, y - 6.45, 0.75, 1.7, -1),
      spiral(side - 1.15, y + 7.55, 0.7, 1.6, 1),
      toSegment(side, y, 0.95, 5.4, 3.6, 5.75),
      toSegment(side, y, 0, -6.5, 0, -8.6),
    );
    tint(material, 0.06, 0.38, 0.42, 0.95 * stroke(vine, 0.07));
    for (const [dotX, dotY, radius] of [
      [0, 4.35, 0.17],
      [0, 3.85, 0.12],
      [0, 3.45, 0.08],
      [4.35, -5.35, 0.15],
      [3.95, -5.85, 0.12],
      [3.5, -6.3, 0.09],
      [4.1, 5.95, 0.14],
      [4.55, 5.75, 0.1],
    ] as const) {
      tint(material, 0.78, 0.08, 0.3, step(radius + 0.04, radius - 0.04, length(side - dotX, y - dotY)));
    }
  },
};

/** Scalloped petals around the socket, magenta with a dark outline. */
function petals(material: Material, eyeX: number, eyeY: number): void {
  const d = length(eyeX, eyeY * 1.25);
  if (d > 2.1) return;
  const scallop = Math.abs(Math.cos(Math.atan2(eyeY * 1.25, eyeX) * 5.5));
  const edge = 1.5 + 0.34 * Math.sqrt(scallop);
  tint(material, 0.86, 0.1, 0.42, step(edge + 0.04, edge - 0.04, d));
  tint(material, 0.99, 0.55, 0.68, 0.7 * step(edge - 0.05, edge - 0.4, d) * scallop);
  tint(material, 0.05, 0.03, 0.06, stroke(d - edge, 0.055, 0.04));
}

/** The hollow of a skull's nose: an upturned heart over nostrils and tip. */
function nose(material: Material, side: number, y: number): void {
  const up = (y + 1.75) / 2.6;
  const half =
    up < 0 ? 0 : 1.12 * Math.sqrt(Math.max(0, 1 - up * 1.02)) * step(0, 0.16, up) - 0.12 * step(0.3, 0, side);
  if (up >= 0 && up < 1) tint(material, 0.05, 0.04, 0.06, step(0.05, -0.05, side - half) * step(0, 0.06, up));
}

/** Teeth drawn over the lips, and a seam of stitches that runs out over the cheeks. */
function stitches(material: Material, x: number, y: number, side: number, lips: number): void {
  const line = y + 4.05 - 0.035 * side * side;
  const along = stroke(line, 0.055, 0.04) * step(5.0, 4.6, side);
  const pitch = 0.62;
  const across = stroke(x / pitch - Math.round(x / pitch), 0.09, 0.06);
  const reach = 0.95 - 0.13 * side;
  const tooth = across * step(reach + 0.05, reach - 0.08, Math.abs(line)) * step(4.8, 4.5, side);
  tint(material, 0.98, 0.96, 0.9, step(0.1, 0, lips));
  tint(material, 0.05, 0.04, 0.06, Math.max(along, tooth));
  const arch = stroke(Math.abs(line) - reach * 0.9 + 0.3 * (x / pitch - Math.round(x / pitch)) ** 2, 0.035, 0.04);
  tint(material, 0.2, 0.17, 0.2, 0.8 * arch * step(2.9, 2.5, side));
}

/** A round flower with eight petals. */
function flower(
  material: Material,
  x: number,
  y: number,
  radius: number,
  [red, green, blue]: readonly [number, number, number],
  heart: readonly [number, number, number],
): void {
  const d = length(x, y) / radius;
  if (d > 1.2) return;
  const edge = 0.78 + 0.22 * Math.sqrt(Math.abs(Math.cos(Math.atan2(y, x) * 4)));
  tint(material, red, green, blue, step(edge + 0.05, edge - 0.05, d));
  tint(material, red * 0.5, green * 0.4, blue * 0.4, 0.8 * step(0.75, 0.3, d) * step(edge, edge - 0.1, d));
  tint(material, 0.06, 0.04, 0.06, stroke(d - edge, 0.06, 0.04));
  tint(material, heart[0], heart[1], heart[2], step(0.32, 0.26, d));
  tint(material, 0.06, 0.04, 0.06, stroke(d - 0.32, 0.05, 0.03));
}
