import type { Detection } from '../detect/detector.ts';

/** Distance between the eyes, in widths of the detection's box, as either detector saw it; left out where it saw none. */
export interface EyeSpans {
  readonly near: number | undefined;
  readonly far: number | undefined;
}

/**
 * Spans at which a head counts as seen from the side, and from the front again. A face looking into the camera has 0.44
 * (near) and 0.38 (far); at 50° the far detector gives 0.15, beyond 80° often nothing; the near one under 0.3 or 0.35.
 */
const FAR = { side: 0.21, front: 0.26 } as const;
const NEAR = { side: 0.31, front: 0.41 } as const;

export function eyeSpan({ box, points }: Detection): number {
  return Math.hypot(points[2]! - points[0]!, points[3]! - points[1]!) / Math.max(1, box.width);
}

/**
 * Whether a followed head is seen from the side. Beyond some 50° of yaw the mesh lays a frontal face over cheek and ear and
 * says so with a high score, so its own pose cannot tell; the detectors' eyes can. Once seen from the side, a head must
 * show a face from the front to count as such again.
 */
export class SideView {
  #fromSide = false;

  get fromSide(): boolean {
    return this.#fromSide;
  }

  /** The mesh lies beside the face that the detector sees: as little to be believed as a head seen from the side. */
  distrust(): void {
    this.#fromSide = true;
  }

  /** Takes what a search saw of this face. */
  see({ near, far }: EyeSpans): void {
    if (isUnder(far, FAR.side) || isUnder(near, NEAR.side)) this.#fromSide = true;
    else if (far === undefined ? !isUnder(near, NEAR.front) : far >= FAR.front) this.#fromSide = false;
  }
}

function isUnder(span: number | undefined, bound: number): boolean {
  return span !== undefined && span < bound;
}
