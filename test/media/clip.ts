import { readFileSync, writeFileSync } from 'node:fs';
import type { SendCodec } from '../../src/codec/codec.ts';
import { createEncoder } from '../../src/codec/encoder.ts';
import { WorkPicture } from '../../src/codec/work-picture.ts';
import type { I420 } from '../../src/media/plane.ts';
import { VIDEO_CLOCK } from '../../src/time.ts';
import { cached } from './cache.ts';
import { Scene, type SceneSettings, type Script } from './scene.ts';
import * as scripts from './scripts.ts';
import { readY4m, writeY4m, type Y4mForm } from './y4m.ts';

/** Frames up to here are kept uncompressed, ten seconds in 138 MB. */
const KEPT_PIXELS = 640 * 480;

/** Scripts that clips can be made of; `flash` talks and flashes each second, for sound and picture in step. */
export const SCRIPTS = {
  talk: () => scripts.talkingHead(),
  'talk-close': () => scripts.talkingHead(0.58),
  flash: () => ({ ...scripts.talkingHead(), flashes: true }),
  covered: () => scripts.covered(),
  turning: () => scripts.turning(),
  leaving: () => scripts.leavingAndReturning(),
  'two-people': () => scripts.twoPeople(),
  bystander: () => scripts.bystander(),
  crossing: () => scripts.crossing(),
  replacing: () => scripts.replacing(),
} satisfies Record<string, () => Script>;
export type ScriptName = keyof typeof SCRIPTS;

export interface ClipSettings extends SceneSettings {
  readonly script: ScriptName;
}

/** A clip as a camera's encoder would send it: one keyframe at the start, bounded, then only deltas. */
export interface Clip {
  readonly codec: SendCodec;
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly chunks: readonly { readonly data: Uint8Array; readonly keyframe: boolean }[];
}

/** The scene of a clip: its true faces, and its frames drawn again. */
export function sceneOf(settings: ClipSettings): Scene {
  return new Scene(SCRIPTS[settings.script](), settings);
}

/** Bits a second: 2 Mb/s at 1280×720, 1 Mb/s at 640×480, and by the same power of the pixels elsewhere. */
export function usualBitrate(width: number, height: number): number {
  return Math.round(2e6 * ((width * height) / (1280 * 720)) ** 0.631);
}

/** The encoded clip, from the cache where it was made before. */
export async function encodedClip(settings: ClipSettings, codec: SendCodec): Promise<Clip> {
  const { script, width, height } = settings;
  const bitrate = usualBitrate(width, height);
  const name = `${script}-${width}x${height}.${codec}`;
  const file = await cached(name, { ...settings, bitrate, codec }, async (path) => {
    const { frameRate = 30 } = settings;
    const encoder = createEncoder(codec, { bitrate, frameRate });
    const work = new WorkPicture();
    const records: Uint8Array[] = [];
    for (const picture of await clipPictures(settings)) {
      work.load(picture);
      const timestamp = (records.length / 2) * (VIDEO_CLOCK / frameRate);
      const { data, keyframe } = encoder.encode(work, { keyframe: records.length === 0, timestamp });
      const head = Buffer.alloc(5);
      head.writeUInt32LE(data.byteLength, 0);
      head.writeUInt8(keyframe ? 1 : 0, 4);
      records.push(head, data);
    }
    encoder.close();
    work.close();
    writeFileSync(path, Buffer.concat(records));
  });
  return { codec, width, height, frameRate: settings.frameRate ?? 30, chunks: readRecords(readFileSync(file)) };
}

/** The clip as a y4m file (460 KB a frame at 640×480), which Chromium plays as a camera. */
export async function y4mClip(settings: ClipSettings): Promise<string> {
  const { script, width, height } = settings;
  return await cached(`${script}-${width}x${height}.y4m`, settings, (path) =>
    writeY4m(path, formOf(settings), drawnPictures(settings)),
  );
}

/** The pictures of a clip, each valid until the next: small ones are drawn once, for all that is made of them. */
export async function clipPictures(settings: ClipSettings): Promise<Iterable<I420>> {
  if (settings.width * settings.height > KEPT_PIXELS) return drawnPictures(settings);
  return readY4m(await y4mClip(settings), formOf(settings));
}

function* drawnPictures(settings: ClipSettings): Generator<I420> {
  for (const { picture } of sceneOf(settings)) yield picture;
}

/** A clip's size and frame rate. */
export function formOf({ width, height, frameRate = 30 }: ClipSettings): Y4mForm {
  return { width, height, frameRate };
}

function readRecords(file: Buffer): Clip['chunks'] {
  const chunks: { data: Uint8Array; keyframe: boolean }[] = [];
  for (let at = 0; at < file.length;) {
    const length = file.readUInt32LE(at);
    chunks.push({ data: new Uint8Array(file.subarray(at + 5, at + 5 + length)), keyframe: file[at + 4] === 1 });
    at += 5 + length;
  }
  return chunks;
}
