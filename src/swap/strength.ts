import type { HeadPose } from '../face/face.ts';

/** Degrees of yaw, and of pitch, up to which the mesh swap holds, and from which on it is not shown at all. */
const YAW = { holds: 30, gone: 42 } as const;
const PITCH = { holds: 32, gone: 45 } as const;

/**
 * How much of the swap may be shown, 0–1, for a head turned like this. What lies beneath is not this room's business:
 * below 1 the exposure policy first hides the caller's face, so that nothing fades to the caller's own pixels.
 * @param opacity of the session's look, 0–1
 */
export function swapStrength(pose: HeadPose, opacity: number): number {
  const strength = fade(Math.abs(pose.yaw), YAW) * fade(Math.abs(pose.pitch), PITCH) * opacity;
  // A pose that is not a number is no reason to show anything.
  return strength > 0 ? Math.min(1, strength) : 0;
}

function fade(angle: number, range: { readonly holds: number; readonly gone: number }): number {
  return Math.max(0, Math.min(1, (range.gone - angle) / (range.gone - range.holds)));
}
