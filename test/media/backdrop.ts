import { Random } from './random.ts';
import type { Texture } from './portrait.ts';

/** A room behind the speaker: wall, shelf with books, a window; the same for the same seed. */
export function drawBackdrop(width: number, height: number, seed: number): Texture {
  const random = new Random(seed);
  const size = width * height;
  const room = { width, height, y: new Uint8Array(size), u: new Uint8Array(size), v: new Uint8Array(size) };
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const light = Math.exp(-(((column / width - 0.2) / 0.5) ** 2) - ((row / height - 0.3) / 0.6) ** 2);
      // A weave that a codec has to carry, so that a background that was blurred or repainted shows in its PSNR.
      const weave = 3 * Math.sin((column / height) * 160) * Math.sin((row / height) * 130);
      room.y[at] = 96 + 52 * light + weave;
      room.u[at] = 122;
      room.v[at] = 134;
    }
  }
  const box = (x: number, y: number, w: number, h: number, [luma, u, v]: readonly [number, number, number]) => {
    for (let row = Math.max(0, Math.round(y * height)); row < Math.min(height, Math.round((y + h) * height)); row++) {
      const from = Math.max(0, Math.round(x * width));
      const to = Math.min(width, Math.round((x + w) * width));
      for (let column = from; column < to; column++) {
        const at = row * width + column;
        room.y[at] = luma + 12 * (column / to - 0.5);
        room.u[at] = u;
        room.v[at] = v;
      }
    }
  };
  box(0.04, 0.08, 0.17, 0.42, [196, 138, 120]);
  box(0.12, 0.08, 0.008, 0.42, [90, 124, 136]);
  for (const shelf of [0.26, 0.52, 0.78]) {
    box(0.76, shelf, 0.24, 0.015, [60, 116, 146]);
    for (let x = 0.765; x < 0.99;) {
      const w = random.between(0.008, 0.02);
      const h = random.between(0.12, 0.21);
      const colour = [random.between(50, 170), random.between(100, 156), random.between(100, 160)] as const;
      box(x, shelf - h, w * 0.9, h, colour);
      x += w;
    }
  }
  return room;
}
