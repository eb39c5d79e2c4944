import type { Faces } from '../../face/face.ts';
import type { Ellipse } from '../../media/hide.ts';
import type { Box } from '../../media/plane.ts';
import type { Decision, PlannedSwap } from './exposure.ts';

/** How near another head may come, as a share of the face's size. */
const NEAR = 0.4;

/**
 * True if a face is swapped whole and nobody else's head comes near it. Only then may something be taken to lie before it: another's
 * face that passes before one is no thing.
 */
export function isAlone(
  { face, strength, covered }: PlannedSwap,
  { tracked }: Pick<Faces, 'tracked'>,
  { hideAll, hide }: Pick<Decision, 'hideAll' | 'hide'>,
): boolean {
  if (strength < 1 || covered || hideAll) return false;
  const others = tracked.filter(({ id }) => id !== face.id).map(({ box }) => box);
  return ![...others, ...hide.map(boxOf)].some((box) => comesNear(face.box, box));
}

function comesNear({ x, y, width, height }: Box, other: Box): boolean {
  const [dx, dy] = [NEAR * width, NEAR * height];
  const beside = other.x > x + width + dx || other.x + other.width < x - dx;
  return !beside && other.y <= y + height + dy && other.y + other.height >= y - dy;
}

function boxOf({ cx, cy, rx, ry }: Ellipse): Box {
  return { x: cx - rx, y: cy - ry, width: 2 * rx, height: 2 * ry };
}
