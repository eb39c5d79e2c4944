import { AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { Frame } from 'node-av/lib';
import { assert } from '../errors.ts';
import type { I420 } from '../media/plane.ts';
import { check } from './av.ts';
import { countNative } from './native-held.ts';

/**
 * The one picture a session works on: decoders copy into it, the swap changes it in place, encoders read it.
 *
 * It owns a native frame and hands out the same plane views for as long as the size stays. Asking a native frame for
 * its planes makes external Buffers, and doing that for every frame sets off a storm of garbage collections.
 */
export class WorkPicture {
  #frame: Frame | undefined;
  #picture: I420 | undefined;

  /** The planes. Valid until `resize` to another size or `close`: never keep it longer, the memory goes. */
  get picture(): I420 {
    assert(this.#picture, 'a work picture has a size before its planes are asked for');
    return this.#picture;
  }

  /** The native frame behind the planes, for encoders and decoders of this room only. */
  get native(): Frame {
    assert(this.#frame, 'a work picture has a size before it is used');
    return this.#frame;
  }

  /** Makes it `width` × `height` pixels. The same size keeps planes and pixels; another gives undefined pixels. */
  resize(width: number, height: number): void {
    const now = this.#picture;
    if (now && now.width === width && now.height === height) return;
    this.close();
    const frame = new Frame();
    frame.alloc();
    frame.width = width;
    frame.height = height;
    frame.format = AV_PIX_FMT_YUV420P;
    check(frame.getBuffer(), `allocate a picture [size:${width}x${height}]`);
    this.#frame = frame;
    countNative('pictures', 1);
    this.#picture = planesOf(frame);
  }

  /** Copies a picture from anywhere in, taking its size. */
  load(source: I420): void {
    this.resize(source.width, source.height);
    const { picture } = this;
    const chromaWidth = (source.width + 1) >> 1;
    const chromaHeight = (source.height + 1) >> 1;
    copyRows(source.y, source.strideY, picture.y, picture.strideY, source.width, source.height);
    copyRows(source.u, source.strideUv, picture.u, picture.strideUv, chromaWidth, chromaHeight);
    copyRows(source.v, source.strideUv, picture.v, picture.strideUv, chromaWidth, chromaHeight);
  }

  /** Frees the memory; idempotent. The object can be used again after another `resize` or `load`. */
  close(): void {
    this.#picture = undefined;
    if (this.#frame === undefined) return;
    this.#frame.free();
    this.#frame = undefined;
    countNative('pictures', -1);
  }
}

/** Views into the memory of a 4:2:0 frame, valid as long as the frame keeps it. Costly: never once per frame. */
export function planesOf(frame: Frame): I420 {
  const [y, u, v] = frame.data ?? [];
  const [strideY, strideUv] = frame.linesize;
  assert(y && u && v && strideY && strideUv, 'a 4:2:0 frame has three planes');
  return { width: frame.width, height: frame.height, y: bytes(y), u: bytes(u), v: bytes(v), strideY, strideUv };
}

// Pixel loops see one kind of array only: a Buffer beside a Uint8Array would make them polymorphic.
function bytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function copyRows(from: Uint8Array, fromStride: number, to: Uint8Array, toStride: number, width: number, rows: number) {
  for (let row = 0; row < rows; row++) {
    to.set(from.subarray(row * fromStride, row * fromStride + width), row * toStride);
  }
}
