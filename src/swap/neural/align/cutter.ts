import type { I420, Rgb } from '../../../media/plane.ts';
import { allocPlanes444, fillRgb, type Planes444 } from '../../planes.ts';
import { sample } from './sample.ts';
import { inUnits, type Similarity } from './similarity.ts';

/** Cuts aligned crops of one size out of pictures. Keeps its planes, so that no frame allocates any. */
export class Cutter {
  readonly size: number;
  readonly #planes: Planes444;

  constructor(size: number) {
    this.size = size;
    this.#planes = allocPlanes444(size * size);
  }

  /**
   * @param toPicture takes points of the crop to points of the picture
   * @param out [size, size, 3] uint8, RGB, written
   */
  cut(picture: I420, toPicture: Similarity, out: Uint8Array): void {
    const { size } = this;
    const { y, u, v } = this.#planes;
    const { width, height, strideY, strideUv } = picture;
    const chroma = { width: (width + 1) >> 1, height: (height + 1) >> 1, stride: strideUv };
    const toChroma = inUnits(toPicture, 2);
    const target = (bytes: Uint8Array) => ({ bytes, width: size, height: size });
    sample({ bytes: picture.y, width, height, stride: strideY }, toPicture, target(y));
    sample({ bytes: picture.u, ...chroma }, toChroma, target(u));
    sample({ bytes: picture.v, ...chroma }, toChroma, target(v));
    fillRgb(this.#planes, out);
  }
}

/** An aligned crop of a photo: [size, size, 3] uint8, RGB. */
export function cutRgb({ data, width, height }: Rgb, toPhoto: Similarity, size: number): Uint8Array {
  const out = new Uint8Array(size * size * 3);
  const colour = new Uint8Array(size * size);
  for (let c = 0; c < 3; c++) {
    const plane = { bytes: data.subarray(c), width, height, stride: width * 3, step: 3 };
    sample(plane, toPhoto, { bytes: colour, width: size, height: size });
    for (let i = 0; i < colour.length; i++) out[i * 3 + c] = colour[i]!;
  }
  return out;
}
