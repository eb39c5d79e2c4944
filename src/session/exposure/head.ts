import type { Ellipse } from '../../media/hide.ts';
import type { Box } from '../../media/plane.ts';

/** What drew a face's box: the mesh's reaches from hairline to chin, the detector's from the brows to the chin. */
export type BoxSource = 'mesh' | 'detector';

/** Margins that make a head with hair, ears and chin of a face's box, as shares of its longer side. */
const MARGINS: Record<BoxSource, { readonly side: number; readonly above: number; readonly below: number }> = {
  mesh: { side: 0.4, above: 0.55, below: 0.3 },
  detector: { side: 0.5, above: 0.8, below: 0.4 },
};

/**
 * The ellipse that holds the whole head of a face.
 *
 * The longer side of the box sets all margins: a head seen from the side has a narrow face and is as deep as it is high.
 * @param extra pixels added all around
 */
export function headOf(box: Box, source: BoxSource, extra = 0): Ellipse {
  const { side, above, below } = MARGINS[source];
  const size = sizeOf(box);
  const cx = box.x + box.width / 2;
  const middle = box.y + box.height / 2;
  return {
    cx,
    cy: middle + ((below - above) * size) / 2,
    rx: size / 2 + side * size + extra,
    ry: size / 2 + ((above + below) * size) / 2 + extra,
  };
}

/** The smallest ellipse of a box's proportions that holds the whole box. */
export function around({ x, y, width, height }: Box): Ellipse {
  return { cx: x + width / 2, cy: y + height / 2, rx: width * Math.SQRT1_2, ry: height * Math.SQRT1_2 };
}

/** True if a side of the picture cuts a face off: the mesh then squeezes a whole face into the part that is there. */
export function isCutOff(box: Box, width: number): boolean {
  const rim = box.width * 0.02;
  return box.x < rim || box.x + box.width > width - rim;
}

/** Longer side of a box, pixels; at least 1. */
export function sizeOf(box: Box): number {
  return Math.max(1, box.width, box.height);
}

/** True if the ellipse holds every pixel of a picture of this size. */
export function coversAll({ cx, cy, rx, ry }: Ellipse, width: number, height: number): boolean {
  const dx = Math.max(cx, width - cx) / rx;
  const dy = Math.max(cy, height - cy) / ry;
  return dx * dx + dy * dy <= 1;
}

/** True if the point lies in the ellipse. */
export function lies(x: number, y: number, { cx, cy, rx, ry }: Ellipse): boolean {
  return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1;
}

/** The smallest box around two. */
export function unionOf(a: Box, b: Box): Box {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** Distance between the centres of two boxes, in sizes of the larger one. */
export function distanceOf(a: Box, b: Box): number {
  const dx = a.x + a.width / 2 - (b.x + b.width / 2);
  const dy = a.y + a.height / 2 - (b.y + b.height / 2);
  return Math.hypot(dx, dy) / Math.max(sizeOf(a), sizeOf(b));
}
