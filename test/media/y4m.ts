import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { allocI420, type I420 } from '../../src/media/plane.ts';

const FRAME = Buffer.from('FRAME\n');

export interface Y4mForm {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

/** First line of a YUV4MPEG2 file, 4:2:0. Chromium's fake camera plays such files. */
export function y4mHeader(width: number, height: number, frameRate: number): Uint8Array {
  return Buffer.from(`YUV4MPEG2 W${width} H${height} F${frameRate}:1 Ip A1:1 C420jpeg\n`);
}

/** One frame with its line. */
export function y4mFrame({ width, height, y, u, v, strideY, strideUv }: I420): Uint8Array {
  const [chromaWidth, chromaHeight] = [(width + 1) >> 1, (height + 1) >> 1];
  const bytes = new Uint8Array(FRAME.length + width * height + 2 * chromaWidth * chromaHeight);
  bytes.set(FRAME);
  let at = FRAME.length;
  const put = (plane: Uint8Array, stride: number, columns: number, rows: number) => {
    for (let row = 0; row < rows; row++, at += columns)
      bytes.set(plane.subarray(row * stride, row * stride + columns), at);
  };
  put(y, strideY, width, height);
  put(u, strideUv, chromaWidth, chromaHeight);
  put(v, strideUv, chromaWidth, chromaHeight);
  return bytes;
}

/** Writes pictures of one size to a file. */
export function writeY4m(path: string, { width, height, frameRate }: Y4mForm, pictures: Iterable<I420>): void {
  const file = openSync(path, 'w');
  try {
    writeSync(file, y4mHeader(width, height, frameRate));
    for (const picture of pictures) writeSync(file, y4mFrame(picture));
  } finally {
    closeSync(file);
  }
}

/** The pictures of a file that `writeY4m` has written; each is valid until the next is read. */
export function* readY4m(path: string, { width, height, frameRate }: Y4mForm): Generator<I420> {
  const picture = allocI420(width, height);
  const file = openSync(path, 'r');
  try {
    let at = y4mHeader(width, height, frameRate).length;
    for (;;) {
      at += FRAME.length;
      for (const plane of [picture.y, picture.u, picture.v]) {
        if (readSync(file, plane, 0, plane.length, at) === 0) return;
        at += plane.length;
      }
      yield picture;
    }
  } finally {
    closeSync(file);
  }
}
