import type { Box } from '../media/plane.ts';

/** Number of mesh points: 468 of the face and 10 of the irises (MediaPipe Face Mesh with attention). */
export const LANDMARKS = 478;

/** How the head is turned, in degrees. Zero looks into the camera. */
export interface HeadPose {
  /** Left and right; positive when the face turns towards the right edge of the picture. */
  readonly yaw: number;
  /** Up and down; positive looks up. */
  readonly pitch: number;
  /** Tilt; positive is clockwise on screen. */
  readonly roll: number;
}

/** A face that the mesh follows. */
export interface TrackedFace {
  /** Stable while the face is followed; never used again in the session. */
  readonly id: number;
  /** `LANDMARKS` × (x, y, z) in pixels of the frame, smoothed; z towards the camera is negative. Valid until the next `track`. */
  readonly landmarks: Float32Array;
  /** Smallest box around the first 468 points. */
  readonly box: Box;
  readonly pose: HeadPose;
  /** 0–1: the mesh model's own belief that this is a face. */
  readonly score: number;
  /**
   * True if the last search saw the head from the side: then mesh and pose mislead (they show a frontal face lying over
   * cheek and ear), and the face must not be swapped. Left out: not known.
   */
  readonly fromSide?: boolean;
}

/** A face that is seen but not followed: beyond the number to swap, or too new. It is hidden, never shown. */
export interface SeenFace {
  readonly box: Box;
  /** 0–1, the detector's score. */
  readonly score: number;
}

export type FaceEvent =
  | { readonly kind: 'found'; readonly id: number }
  | { readonly kind: 'lost'; readonly id: number; readonly box: Box; readonly reason: LostReason };

/** `score`: the mesh no longer believes in it; `gone`: it left the picture; `still`: it never moves, so it is a picture of a face. */
export type LostReason = 'score' | 'gone' | 'still';

/** What is known about the faces of one frame. */
export interface Faces {
  /** Faces to swap, at most `maximum` of the tracker's settings, the oldest first. */
  readonly tracked: readonly TrackedFace[];
  /** All other faces in the picture that the last full detection found; not those in `tracked`. */
  readonly seen: readonly SeenFace[];
  /** Where something comes in, or moves, at an edge and nothing is found: it may be a face of which too little is seen. */
  readonly stirs?: readonly Box[];
  readonly events: readonly FaceEvent[];
  /** True if a detector ran over the whole of this frame. */
  readonly searched: boolean;
}
