import { SOFT_STEP } from './coverage.ts';

/**
 * A horizontal run of pixels inside one triangle. Texture coordinates are fixed point with 16 fraction bits and name the
 * upper left of the four texels; coverage is 0–255 with 16 fraction bits.
 */
export interface SpanWriter {
  /** Writes `count` pixels from index `at` on. */
  write(at: number, count: number, u: number, v: number, g: number, du: number, dv: number, dg: number): void;
}

/** Leaves the frame as it is: where the caller's own eyes and mouth stay. */
export class ClearSpans implements SpanWriter {
  mask: Uint8Array = new Uint8Array(0);

  write(at: number, count: number): void {
    const { mask } = this;
    for (const end = at + count; at < end; at++) mask[at] = 0;
  }
}

/** Samples one plane bilinearly. */
export class LumaSpans implements SpanWriter {
  luma: Uint8Array = new Uint8Array(0);
  mask: Uint8Array = new Uint8Array(0);
  texture: Uint8Array = new Uint8Array(0);
  /** Pixels in a row of the texture. */
  pitch = 0;

  write(at: number, count: number, u: number, v: number, g: number, du: number, dv: number, dg: number): void {
    const { luma, mask, texture, pitch } = this;
    const end = at + count;
    // Most of a face is wholly covered: there the mask is one value, not a sum and a lookup for each pixel.
    const solid = dg === 0 ? opacityOf(g) : -1;
    for (; at < end; at++) {
      const k = Math.imul(v >> 16, pitch) + (u >> 16);
      const fx = (u >> 8) & 255;
      const a = texture[k]!;
      const c = texture[k + pitch]!;
      const top = (a << 8) + Math.imul(texture[k + 1]! - a, fx);
      const bottom = (c << 8) + Math.imul(texture[k + pitch + 1]! - c, fx);
      luma[at] = ((top << 8) + Math.imul(bottom - top, (v >> 8) & 255) + 32768) >> 16;
      u = (u + du) | 0;
      v = (v + dv) | 0;
      if (solid >= 0) mask[at] = solid;
      else {
        mask[at] = opacityOf(g);
        g = (g + dg) | 0;
      }
    }
  }
}

/** Samples the two chroma planes; half as many pixels each way, so the nearest texel is enough. */
export class ChromaSpans implements SpanWriter {
  cb: Uint8Array = new Uint8Array(0);
  cr: Uint8Array = new Uint8Array(0);
  mask: Uint8Array = new Uint8Array(0);
  textureCb: Uint8Array = new Uint8Array(0);
  textureCr: Uint8Array = new Uint8Array(0);
  pitch = 0;

  write(at: number, count: number, u: number, v: number, g: number, du: number, dv: number, dg: number): void {
    const { cb, cr, mask, textureCb, textureCr, pitch } = this;
    u += 32768;
    v += 32768;
    for (const end = at + count; at < end; at++) {
      const k = Math.imul(v >> 16, pitch) + (u >> 16);
      cb[at] = textureCb[k]!;
      cr[at] = textureCr[k]!;
      mask[at] = opacityOf(g);
      u = (u + du) | 0;
      v = (v + dv) | 0;
      g = (g + dg) | 0;
    }
  }
}

/** Opacity 0–255 of a coverage in fixed point. */
function opacityOf(g: number): number {
  return SOFT_STEP[g < 0 ? 0 : g > 0xff0000 ? 255 : g >> 16]!;
}
