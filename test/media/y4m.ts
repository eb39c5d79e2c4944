import type { I420 } from '../../src/media/plane.ts';

/** First line of a YUV4MPEG2 file, 4:2:0. Chromium's fake camera plays such files. */
export function y4mHeader(width: number, height: number, frameRate: number): Uint8Array {
  return Buffer.from(`YUV4MPEG2 W${width} H${height} F${frameRate}:1 Ip A1:1 C420jpeg\n`);
}

/** One frame with its line. */
export function y4mFrame({ width, height, y, u, v, strideY, strideUv }: I420): Uint8Array {
  const [chromaWidth, chromaHeight] = [(width + 1) >> 1, (height + 1) >> 1];
  const mark = Buffer.from('FRAME\n');
  const bytes = new Uint8Array(mark.length + width * height + 2 * chromaWidth * chromaHeight);
  bytes.set(mark);
  let at = mark.length;
  const put = (plane: Uint8Array, stride: number, columns: number, rows: number) => {
    for (let row = 0; row < rows; row++, at += columns)
      bytes.set(plane.subarray(row * stride, row * stride + columns), at);
  };
  put(y, strideY, width, height);
  put(u, strideUv, chromaWidth, chromaHeight);
  put(v, strideUv, chromaWidth, chromaHeight);
  return bytes;
}
