/**
 * A picture as three planes, 4:2:0, 8 bit, BT.601 limited range (Y 16–235, U and V 16–240 around 128).
 * A view, not an owner: it is valid as long as whoever lent it says so (docs/lifecycle.md).
 */
export interface I420 {
  /** Pixels; at least 2. Odd sizes are allowed. */
  readonly width: number;
  readonly height: number;
  /** Luma, `strideY` bytes a row, `height` rows. */
  readonly y: Uint8Array;
  /** Chroma, `strideUv` bytes a row, `ceil(height / 2)` rows of `ceil(width / 2)` samples. */
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  /** Bytes from a row to the next. */
  readonly strideY: number;
  readonly strideUv: number;
}

/** A picture in 8-bit RGB without padding, `width * height * 3` bytes; photos and textures, never the hot path. */
export interface Rgb {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** An axis-aligned box in pixels of the frame; `x`, `y` is its upper left corner. May reach beyond the frame. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A rotated square in the frame: centre and side in pixels, rotation in radians (clockwise on screen). */
export interface Square {
  readonly cx: number;
  readonly cy: number;
  readonly size: number;
  readonly rotation: number;
}

/** New planes without padding, filled with black. */
export function allocI420(width: number, height: number): I420 {
  const chromaWidth = (width + 1) >> 1;
  const chroma = chromaWidth * ((height + 1) >> 1);
  return {
    width,
    height,
    y: new Uint8Array(width * height).fill(16),
    u: new Uint8Array(chroma).fill(128),
    v: new Uint8Array(chroma).fill(128),
    strideY: width,
    strideUv: chromaWidth,
  };
}
