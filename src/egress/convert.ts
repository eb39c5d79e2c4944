import ffmpeg from 'fluent-ffmpeg';
import { GatewayError } from '../errors.ts';

/**
 * Puts a video file into another container with the ffmpeg program: the pictures as they are, the sound encoded as the
 * container wants it.
 * @param onShare told how much is done, 0–1
 * @throws GatewayError file_unwritable with what ffmpeg said
 */
export function convertContainer(
  program: string,
  from: string,
  to: string,
  onShare: (share: number) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    ffmpeg(from)
      .setFfmpegPath(program)
      .outputOptions(['-map', '0:v:0', '-map', '0:a?', '-c:v', 'copy', '-map_metadata', '-1'])
      .on('progress', ({ percent }: { percent?: number }) => onShare(Math.min(1, (percent ?? 0) / 100)))
      .on('error', (cause: Error) => {
        const words = cause.message.split('\n').at(-1) ?? '';
        reject(
          new GatewayError('file_unwritable', `ffmpeg must be able to write it [file:${to}] [cause:${words}]`, {
            cause,
          }),
        );
      })
      .on('end', () => resolve())
      .save(to);
  });
}
