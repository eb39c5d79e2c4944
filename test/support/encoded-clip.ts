import { AV_PICTURE_TYPE_I, AV_PICTURE_TYPE_NONE, AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { Codec, CodecContext, Packet, Rational } from 'node-av/lib';
import { createEncoder } from '../../src/codec/encoder.ts';
import { WorkPicture } from '../../src/codec/work-picture.ts';
import { assert } from '../../src/errors.ts';
import { isSendCodec, type Chunk, type SendCodec, type VideoCodec } from '../../src/media/chunk.ts';
import { movingPicture } from './moving-picture.ts';

/** What to encode: one run of frames of one size; `keyframes` are indexes in the run besides the first. */
export interface ClipPart {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly keyframes?: readonly number[];
}

/** Encodes `movingPicture` frames as a browser would send them: one chunk a frame at 30 a second, no delay. */
export function encodedClip(codec: VideoCodec, parts: readonly ClipPart[]): Chunk[] {
  const chunks: Chunk[] = [];
  for (const part of parts) {
    const run = isSendCodec(codec) ? encodeSendable(codec, part) : encodeAv1(part);
    for (const { data, keyframe } of run) {
      chunks.push({ codec, data, keyframe, timestamp: chunks.length * 3000, decodable: 0, referenced: true });
    }
  }
  return chunks;
}

interface Encoded {
  readonly data: Uint8Array;
  readonly keyframe: boolean;
}

function* encodeSendable(codec: SendCodec, part: ClipPart): Generator<Encoded> {
  const encoder = createEncoder(codec, { bitrate: 3_000_000 });
  const work = new WorkPicture();
  for (let index = 0; index < part.frames; index++) {
    work.load(movingPicture(part.width, part.height, index));
    const keyframe = part.keyframes?.includes(index) ?? false;
    yield encoder.encode(work, { keyframe, timestamp: index * 3000 });
  }
  encoder.close();
  work.close();
}

// SVT-AV1 says what it does on stderr unless this is set before it is loaded: 1 = errors only.
process.env['SVT_LOG'] ??= '1';

const AV1 = { name: 'libsvtav1', options: { preset: '10', 'svtav1-params': 'pred-struct=1:lp=1:rc=2' } };

/** AV1 is only received: encoded by node-av directly. */
function* encodeAv1(part: ClipPart): Generator<Encoded> {
  const { name, options } = AV1;
  const context = openEncoder(name, options, part.width, part.height);
  const packet = new Packet();
  packet.alloc();
  const work = new WorkPicture();
  for (let index = 0; index < part.frames; index++) {
    work.load(movingPicture(part.width, part.height, index));
    work.native.pts = BigInt(index);
    const keyframe = index === 0 || part.keyframes?.includes(index);
    work.native.pictType = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    assert(context.sendFrameSync(work.native) >= 0, `${name} takes a frame`);
    assert(context.receivePacketSync(packet) >= 0 && packet.data, `${name} gives it at once`);
    yield { data: new Uint8Array(packet.data), keyframe: packet.isKeyframe };
    packet.unref();
  }
  context.sendFrameSync(null);
  packet.free();
  context.freeContext();
  work.close();
}

function openEncoder(name: string, options: Record<string, string>, width: number, height: number): CodecContext {
  const found = Codec.findEncoderByName(name as never);
  assert(found, `node-av has ${name}`);
  const context = new CodecContext();
  context.allocContext3(found);
  context.width = width;
  context.height = height;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = new Rational(1, 30);
  context.framerate = new Rational(30, 1);
  context.gopSize = 3000;
  context.maxBFrames = 0;
  context.threadCount = 1;
  context.bitRate = 3_000_000n;
  for (const [key, value] of Object.entries(options)) assert(context.setOption(key, value) >= 0, `option ${key}`);
  assert(context.open2Sync(found, null) >= 0, `${name} opens`);
  return context;
}
