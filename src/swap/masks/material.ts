/** A texel that a mask paints: where it is. Lengths in centimetres; see Fields. Reused from texel to texel. */
export interface Spot {
  /** To the right of the picture and up from the middle of the texture: eyes at (±3.1, 2.4), mouth at (0, −4). */
  x: number;
  y: number;
  /** `|x|`, for ornaments that are the same on both sides. */
  side: number;
  eye: number;
  lips: number;
  seam: number;
  brow: number;
  rim: number;
  /** Relative to the centre of the nearer eye, x outwards. */
  eyeX: number;
  eyeY: number;
}

/** What the texel is made of: the painter's to fill in. */
export interface Material {
  /** 0–1 as on screen (gamma 2). */
  red: number;
  green: number;
  blue: number;
  /** Centimetres above the face. */
  height: number;
  /** 0 dull to 1 mirror-like. */
  gloss: number;
  /** 0–1: share of metal, which reflects in its own colour. */
  metal: number;
  /** 0–1: shines by itself. */
  glow: number;
}

/** One painted mask. */
export interface MaskPainter {
  /** In `mask:NAME`: lower case, no spaces. */
  readonly name: string;
  /** As shown to people, English. */
  readonly title: string;
  /** Colour of the iris where the mask's own eyes are shown, 0–1. */
  readonly iris: readonly [number, number, number];
  /** Paints one texel; `material` is white, flat and dull before. Must not keep its arguments. */
  paint(spot: Readonly<Spot>, material: Material): void;
}

/** Lays a colour over what is there, `share` 0–1. */
export function tint(material: Material, red: number, green: number, blue: number, share: number): void {
  material.red += (red - material.red) * share;
  material.green += (green - material.green) * share;
  material.blue += (blue - material.blue) * share;
}

/** Lays a metal over what is there. */
export function gild(material: Material, red: number, green: number, blue: number, share: number): void {
  tint(material, red, green, blue, share);
  material.metal += (1 - material.metal) * share;
  material.gloss += (0.8 - material.gloss) * share;
}
