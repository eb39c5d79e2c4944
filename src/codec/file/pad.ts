import type { I420 } from '../../media/plane.ts';

/** Copies a picture into one that is at most a column and a row larger, which repeat its last ones. */
export function padToEven(from: I420, into: I420): void {
  const chromaWidth = (from.width + 1) >> 1;
  const chromaHeight = (from.height + 1) >> 1;
  pad(from.y, from.strideY, from.width, from.height, into.y, into.strideY, into.width, into.height);
  // An odd side already has half a chroma sample more than it needs: chroma keeps its size.
  pad(from.u, from.strideUv, chromaWidth, chromaHeight, into.u, into.strideUv, chromaWidth, chromaHeight);
  pad(from.v, from.strideUv, chromaWidth, chromaHeight, into.v, into.strideUv, chromaWidth, chromaHeight);
}

function pad(
  from: Uint8Array,
  fromStride: number,
  width: number,
  height: number,
  into: Uint8Array,
  intoStride: number,
  intoWidth: number,
  intoHeight: number,
): void {
  for (let row = 0; row < intoHeight; row++) {
    const start = Math.min(row, height - 1) * fromStride;
    into.set(from.subarray(start, start + width), row * intoStride);
    into.fill(from[start + width - 1]!, row * intoStride + width, row * intoStride + intoWidth);
  }
}
