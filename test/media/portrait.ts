import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUVJ420P,
  SWS_BICUBIC,
  type AVPixelFormat,
  type FFDecoderCodec,
} from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, SoftwareScaleContext } from 'node-av/lib';
import { PROJECT_ROOT } from '../../src/entry.ts';
import { assert } from '../../src/errors.ts';
import type { Rgb } from '../../src/media/plane.ts';

/** The two public-domain portraits (test/fixtures/NOTICE.md). */
export type PortraitName = 'astronaut' | 'hopper';

/** A texture in 4:4:4, BT.601 limited range, one byte a sample, no padding. */
export interface Texture {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

export interface Portrait {
  readonly name: PortraitName;
  readonly texture: Texture;
  /** 478 × (x, y, z) in pixels, by the official MediaPipe Face Mesh: a point (0, 0) is the corner of the first pixel. */
  readonly landmarks: Float32Array;
  /** Outlines drawn by hand, x and y alternating: head with hair or cap, and the body below it. */
  readonly headOutline: readonly number[];
  readonly bodyOutline: readonly number[];
}

const FILES = {
  astronaut: { file: 'astronaut.png', decoder: 'png', reference: 'astronaut.png' },
  hopper: { file: 'grace_hopper.jpg', decoder: 'mjpeg', reference: 'hopper.png' },
} as const;

/** Path of a portrait as the file that a person would upload. */
export function portraitFile(name: PortraitName): string {
  return join(PROJECT_ROOT, 'test/fixtures', FILES[name].file);
}

/** Decodes a portrait with its reference landmarks and outlines. */
export function loadPortrait(name: PortraitName): Portrait {
  const { reference } = FILES[name];
  const points = JSON.parse(
    readFileSync(join(PROJECT_ROOT, 'test/fixtures/landmarks-reference.json'), 'utf8'),
  ) as Record<string, [number, number, number][]>;
  const landmarks = points[reference];
  assert(landmarks, `there are reference landmarks for ${reference}`);
  return {
    name,
    texture: decode(name, toTexture),
    landmarks: Float32Array.from(landmarks.flat()),
    ...OUTLINES[name],
  };
}

// prettier-ignore
const OUTLINES: Record<PortraitName, Pick<Portrait, 'headOutline' | 'bodyOutline'>> = {
  hopper: {
    headOutline: [
      262, 22, 300, 30, 345, 60, 355, 86, 371, 108, 371, 150, 368, 178, 376, 195, 371, 225, 361, 255, 357, 283, 346, 304,
      332, 302, 324, 322, 305, 338, 270, 347, 235, 338, 208, 316, 199, 292, 178, 272, 164, 240, 157, 205, 161, 180,
      149, 150, 151, 115, 173, 85, 178, 55, 215, 33,
    ],
    bodyOutline: [
      205, 280, 198, 318, 155, 352, 68, 386, 42, 432, 22, 520, 8, 602, 514, 602, 506, 430, 494, 396, 440, 376, 345, 336,
      331, 280, 300, 270, 235, 270,
    ],
  },
  astronaut: {
    headOutline: [
      228, 15, 262, 23, 287, 46, 299, 75, 300, 95, 291, 114, 278, 132, 269, 155, 260, 170, 246, 184, 225, 190, 205, 183,
      192, 166, 182, 146, 177, 126, 165, 111, 157, 92, 156, 72, 169, 47, 191, 29,
    ],
    bodyOutline: [
      188, 140, 184, 152, 162, 150, 122, 184, 114, 205, 92, 234, 47, 270, 24, 400, 20, 514, 514, 514, 490, 402, 440, 352,
      385, 347, 360, 357, 344, 266, 304, 236, 298, 202, 272, 168, 262, 150, 258, 140,
    ],
  },
};

/**
 * A portrait's pixels as the official landmarks were taken on them: converted by FFmpeg with its default flags. The mesh
 * model sees a difference of a single step in the chroma: landmarks of the second portrait move by some 0.3 px.
 */
export function referencePixels(name: PortraitName): Rgb {
  return decode(name, (frame) => {
    const { width, height } = frame;
    const rgb = new Frame();
    const scaler = new SoftwareScaleContext();
    try {
      rgb.alloc();
      [rgb.width, rgb.height, rgb.format] = [width, height, AV_PIX_FMT_RGB24];
      assert(rgb.getBuffer() >= 0, 'there is memory for a portrait');
      scaler.getContext(width, height, frame.format as AVPixelFormat, width, height, AV_PIX_FMT_RGB24, SWS_BICUBIC);
      assert(scaler.scaleFrameSync(rgb, frame) >= 0, 'a portrait converts to RGB');
      const [stride] = rgb.linesize;
      const data = new Uint8Array(width * height * 3);
      for (let row = 0; row < height; row++) {
        data.set(rgb.data![0]!.subarray(row * stride!, row * stride! + width * 3), row * width * 3);
      }
      return { width, height, data };
    } finally {
      scaler.freeContext();
      rgb.free();
    }
  });
}

/** Decodes the file; the frame is freed when `use` is done. */
function decode<Result>(name: PortraitName, use: (frame: Frame) => Result): Result {
  const { decoder } = FILES[name];
  const codec = Codec.findDecoderByName(decoder as FFDecoderCodec);
  assert(codec, `FFmpeg has the decoder ${decoder}`);
  const context = new CodecContext();
  const packet = new Packet();
  const frame = new Frame();
  try {
    context.allocContext3(codec);
    context.threadCount = 1;
    packet.alloc();
    frame.alloc();
    assert(context.open2Sync(codec, null) >= 0, 'the picture decoder opens');
    packet.data = readFileSync(portraitFile(name));
    assert(context.sendPacketSync(packet) >= 0 && context.receiveFrameSync(frame) >= 0, 'the portrait decodes');
    return use(frame);
  } finally {
    frame.free();
    packet.free();
    context.freeContext();
  }
}

function toTexture(frame: Frame): Texture {
  const { width, height } = frame;
  const texture = {
    width,
    height,
    y: new Uint8Array(width * height),
    u: new Uint8Array(width * height),
    v: new Uint8Array(width * height),
  };
  const planes = frame.data ?? [];
  if (frame.format === AV_PIX_FMT_RGB24) fromRgb(planes[0], frame.linesize[0], texture);
  else if (frame.format === AV_PIX_FMT_YUVJ420P) fromJpeg(planes, frame.linesize, texture);
  else throw new Error(`a portrait must be RGB or JPEG 4:2:0 [format:${frame.format}]`);
  return texture;
}

function fromRgb(data: Buffer | undefined, stride: number | undefined, { width, height, y, u, v }: Texture): void {
  assert(data && stride, 'an RGB picture has one plane');
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * stride + column * 3;
      const [r, g, b] = [data[at]!, data[at + 1]!, data[at + 2]!];
      const to = row * width + column;
      y[to] = Math.round(16 + 0.25679 * r + 0.50413 * g + 0.09791 * b);
      u[to] = Math.round(128 - 0.14822 * r - 0.29099 * g + 0.43922 * b);
      v[to] = Math.round(128 + 0.43922 * r - 0.36779 * g - 0.07143 * b);
    }
  }
}

/** Full range to limited range; chroma doubled by nearest sample, which is far below what a camera blurs. */
function fromJpeg(planes: readonly Buffer[], strides: readonly number[], { width, height, y, u, v }: Texture): void {
  const [luma, blue, red] = planes;
  assert(luma && blue && red, 'a JPEG picture has three planes');
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const to = row * width + column;
      const chroma = (row >> 1) * strides[1]! + (column >> 1);
      y[to] = Math.round(16 + (luma[row * strides[0]! + column]! * 219) / 255);
      u[to] = Math.round(128 + ((blue[chroma]! - 128) * 224) / 255);
      v[to] = Math.round(128 + ((red[chroma]! - 128) * 224) / 255);
    }
  }
}
