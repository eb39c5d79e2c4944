import { gild, tint, type MaskPainter } from '../material.ts';
import { cloud, length, spiral, step, stroke, toSegment } from '../../canonical/shapes.ts';

/** A Venetian half mask over an ivory face: harlequin diamonds, gold braid, a feathered crest of gilded scrolls. */
export const carnival: MaskPainter = {
  name: 'carnival',
  title: 'Venetian carnival',
  iris: [0.2, 0.55, 0.4],
  paint(spot, material) {
    const { x, y, side, eye, lips, seam, rim, eyeX, eyeY } = spot;
    const grain = cloud(x * 1.5, y * 1.5) * 0.05;
    tint(material, 0.93 - grain, 0.89 - grain, 0.8 - grain, 1);
    material.gloss = 0.45;
    // The half mask ends on the cheeks and rises to the nose like a bird's wing.
    const hem = y - (-1.15 + 0.75 * Math.cos(side * 0.85) - 0.13 * side);
    const cloth = step(-0.04, 0.04, hem);
    harlequin(material, x, y, cloth);
    material.height += 0.16 * step(-0.25, 0.05, hem);
    const braid = stroke(hem, 0.2, 0.04);
    material.height += 0.1 * braid * Math.abs(Math.sin((x + y) * 9));
    gild(material, 0.98, 0.78, 0.35, braid);
    const ring = stroke(eye - 0.48 - 0.55 * step(0.4, 2, eyeX) * step(-0.6, 0.6, eyeY), 0.13, 0.04);
    material.height += 0.1 * ring;
    gild(material, 0.98, 0.8, 0.38, ring);
    tint(material, 0.04, 0.03, 0.06, stroke(eye - 0.1, 0.13));
    const scroll = Math.min(spiral(side - 1.55, y - 6.55, 0.95, 1.9, 1), spiral(side - 3.7, y - 6.3, 0.8, 1.6, -1));
    const stem = Math.min(toSegment(side, y, 0, 4.6, 0.62, 6.2), toSegment(side, y, 2.4, 6.15, 2.95, 6.05));
    const filigree = stroke(Math.min(scroll, stem), 0.1, 0.05);
    material.height += 0.09 * filigree;
    gild(material, 1, 0.82, 0.42, filigree);
    gild(material, 0.98, 0.78, 0.35, stroke(rim - 0.35, 0.16, 0.04) * cloth);
    gild(material, 0.95, 0.68, 0.3, 0.95 * step(0.04, -0.1, lips));
    material.height += 0.07 * step(0.1, -0.4, lips);
    tint(material, 0.25, 0.1, 0.05, stroke(seam, 0.05) * step(2.5, 2, side));
    jewel(material, x, y - 4.55);
    for (const tear of [0, 1, 2]) jewel(material, (side - 4.1 - tear * 0.32) * 2.2, (y + 2.2 + tear * 0.95) * 1.9);
  },
};

/** Diamonds in petrol and wine red with thin gold lines between. */
function harlequin(material: Parameters<MaskPainter['paint']>[1], x: number, y: number, share: number): void {
  const a = (x * 1.25 + y * 0.72) / 1.7;
  const b = (x * 1.25 - y * 0.72) / 1.7;
  const dark = (Math.floor(a) + Math.floor(b)) % 2 === 0;
  const silk = 0.9 + 0.14 * cloud(x * 3, y * 9);
  if (dark) tint(material, 0.05 * silk, 0.33 * silk, 0.38 * silk, share);
  else tint(material, 0.52 * silk, 0.06 * silk, 0.16 * silk, share);
  const line = Math.min(Math.abs(a - Math.round(a)), Math.abs(b - Math.round(b)));
  gild(material, 0.95, 0.75, 0.35, share * stroke(line, 0.03, 0.03));
  material.height += 0.05 * share * step(0, 0.3, line);
}

/** A small emerald around the origin. */
function jewel(material: Parameters<MaskPainter['paint']>[1], x: number, y: number): void {
  const d = length(x / 0.36, y / 0.48);
  if (d > 1.6) return;
  gild(material, 1, 0.82, 0.42, stroke(d - 1.1, 0.18, 0.08));
  const stone = step(1, 0.9, d);
  tint(material, 0.03, 0.5, 0.28, stone);
  material.metal *= 1 - stone;
  material.gloss += (0.95 - material.gloss) * stone;
  material.height += 0.18 * Math.max(0, 1 - d * d);
}
