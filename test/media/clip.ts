import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import type { SendCodec } from '../../src/codec/codec.ts';
import { createEncoder } from '../../src/codec/encoder.ts';
import { WorkPicture } from '../../src/codec/work-picture.ts';
import { VIDEO_CLOCK } from '../../src/time.ts';
import { cached } from './cache.ts';
import { Scene, type SceneSettings, type Script } from './scene.ts';
import * as scripts from './scripts.ts';
import { y4mFrame, y4mHeader } from './y4m.ts';

/** Scripts that clips can be made of; `flash` talks and flashes each second, for sound and picture in step. */
export const SCRIPTS = {
  talk: () => scripts.talkingHead(),
  'talk-close': () => scripts.talkingHead(0.58),
  flash: () => ({ ...scripts.talkingHead(), flashes: true }),
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
  const file = await cached(name, { ...settings, bitrate, codec }, (path) => {
    const scene = sceneOf(settings);
    const encoder = createEncoder(codec, { bitrate, frameRate: scene.frameRate });
    const work = new WorkPicture();
    const records: Uint8Array[] = [];
    for (const { index, picture } of scene) {
      work.load(picture);
      const timestamp = (index * VIDEO_CLOCK) / scene.frameRate;
      const { data, keyframe } = encoder.encode(work, { keyframe: index === 0, timestamp });
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
  return await cached(`${script}-${width}x${height}.y4m`, settings, (path) => {
    const scene = sceneOf(settings);
    const file = openSync(path, 'w');
    try {
      writeSync(file, y4mHeader(width, height, scene.frameRate));
      for (const { picture } of scene) writeSync(file, y4mFrame(picture));
    } finally {
      closeSync(file);
    }
  });
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
