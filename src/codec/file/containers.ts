import { extname } from 'node:path';
import { AV_CODEC_ID_NONE, AV_CODEC_ID_PNG, AVFMT_NOFILE } from 'node-av/constants';
import { OutputFormat } from 'node-av/lib';

/** Files that are written directly: by ending, FFmpeg's muxer, the video encoder, and the sound it holds as it is. */
export interface Container {
  readonly muxer: string;
  readonly video: 'h264' | 'vp9';
  /** FFmpeg's codec names; undefined = any. */
  readonly audio: readonly string[] | undefined;
}

const MP4_AUDIO = ['aac', 'mp3', 'ac3', 'eac3', 'alac', 'flac', 'opus'];

const CONTAINERS: Readonly<Record<string, Container>> = {
  '.mp4': { muxer: 'mp4', video: 'h264', audio: MP4_AUDIO },
  '.m4v': { muxer: 'mp4', video: 'h264', audio: MP4_AUDIO },
  '.mov': { muxer: 'mov', video: 'h264', audio: ['aac', 'mp3', 'ac3', 'eac3', 'alac', 'pcm_s16le', 'pcm_s24le'] },
  '.mkv': { muxer: 'matroska', video: 'h264', audio: undefined },
  '.webm': { muxer: 'webm', video: 'vp9', audio: ['opus', 'vorbis'] },
};

/** Endings of video files that are written without help. */
export const VIDEO_ENDINGS = Object.keys(CONTAINERS);

/** The container of a file's ending; undefined where only the ffmpeg program may know it. */
export function containerOf(path: string): Container | undefined {
  return CONTAINERS[extname(path).toLowerCase()];
}

/** True if FFmpeg knows a video container of the file's ending. */
export function isVideoEnding(path: string): boolean {
  const format = OutputFormat.guessFormat(null, path, null);
  // Sound files have room for a cover, as PNG.
  const video = format !== null && format.videoCodec !== AV_CODEC_ID_NONE && format.videoCodec !== AV_CODEC_ID_PNG;
  return video && !format.hasFlags(AVFMT_NOFILE);
}

/** True if sound of all these codecs can be copied into the container as it is. */
export function holdsAudio(container: Container, codecs: readonly string[]): boolean {
  return codecs.every((codec) => container.audio?.includes(codec) ?? true);
}
