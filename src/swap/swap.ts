import type { I420 } from '../media/plane.ts';
import type { CropSource } from './neural/crop-lane.ts';

/**
 * Who agreed to be shown. Without one, no identity is made from a photo. (docs/privacy.md)
 */
export interface Consent {
  /** Who is in the photo; a name or a role, 1–200 characters. */
  readonly subject: string;
  /** Who states that the subject agreed, 1–200 characters. */
  readonly grantedBy: string;
  /** When, ISO 8601. */
  readonly grantedAt: string;
  /** Photos that it covers. Default 1. */
  readonly photos?: number | undefined;
}

/**
 * An identity made ready for the mesh swap: a texture with mesh points in it. Plain data, so that it crosses threads and
 * processes; photos are prepared once, in a media worker.
 */
export interface PreparedIdentity {
  /** Content hash, hex; the same photo gives the same id. For a painted mask `mask:NAME`. */
  readonly id: string;
  readonly kind: 'photo' | 'mask';
  /** Texture in 4:4:4 BT.601 limited range, `width * height` bytes a plane, no padding. */
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  /** 468 × (x, y) in pixels of the texture. */
  readonly points: Float32Array;
  /** Of a photo, by the name of each configured recipe: what its networks take. */
  readonly sources?: ReadonlyMap<string, CropSource>;
  /** Of a photo, where there is a recogniser: what that makes of the person, 512 numbers. */
  readonly likeness?: Float32Array;
  /** With a photo always, with a mask never. */
  readonly consent?: Consent;
}

/** How a session wants its swap. */
export interface SwapLook {
  /** 0–1; below 1 the identity fades to what the exposure policy shows. Default 1. */
  readonly opacity: number;
  /** Keep the caller's own eyes. Default true. */
  readonly keepEyes: boolean;
  /** Keep the inside of the caller's mouth. Default true. */
  readonly keepMouth: boolean;
}

export const DEFAULT_LOOK: SwapLook = { opacity: 1, keepEyes: true, keepMouth: true };

/** One crop to swap: the picture it lies in, where the face is, who is put on. */
export interface SwapCrop {
  readonly picture: I420;
  /** 478 × (x, y, z) pixels of the picture. */
  readonly landmarks: Float32Array;
  readonly identity: PreparedIdentity;
  readonly look: SwapLook;
}

/**
 * A swapped face: new pixels with a mask, to be composited into the frame. Lives in the backend's own buffers and is
 * valid until its next `swap`.
 */
export interface SwappedCrop {
  /**
   * Upper left corner in the frame, even numbers; size, even numbers. In a frame of odd size the crop may reach one pixel
   * beyond the right or lower edge.
   */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Luma and its mask, the first `width * height` bytes of each; mask 0 keeps the frame, 255 replaces it. */
  readonly luma: Uint8Array;
  readonly lumaMask: Uint8Array;
  /** Chroma and its mask, the first `width / 2 * height / 2` bytes of each. */
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  readonly chromaMask: Uint8Array;
}
