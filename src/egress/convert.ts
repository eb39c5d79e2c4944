import ffmpeg from 'fluent-ffmpeg';
import { GatewayError } from '../errors.ts';

/**
 * Puts a video file into another container with the ffmpeg program: the pictures as they are or, where the container
 * cannot hold them, in its own codec at a high quality; the sound as the container wants it.
 * @param signal ends the program and throws its reason
 * @throws GatewayError file_unwritable with what ffmpeg said
 */
export async function convertContainer(program: string, from: string, to: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await run(program, from, to, ['-c:v', 'copy'], signal);
  } catch {
    signal.throwIfAborted();
    await run(program, from, to, ['-q:v', '2'], signal);
  }
}

function run(program: string, from: string, to: string, video: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const command = ffmpeg(from)
      .setFfmpegPath(program)
      .outputOptions(['-map', '0:v:0', '-map', '0:a?', '-map_metadata', '-1', ...video]);
    const stop = () => command.kill('SIGKILL');
    const settled = () => signal.removeEventListener('abort', stop);
    signal.addEventListener('abort', stop, { once: true });
    command
      .on('error', (cause: Error) => {
        settled();
        if (signal.aborted) return reject(signal.reason as Error);
        const words = cause.message.trim().split('\n').at(-1) ?? '';
        const message = `ffmpeg must be able to write the file [cause:${words}]`;
        reject(new GatewayError('file_unwritable', message, { cause }));
      })
      .on('end', () => {
        settled();
        resolve();
      })
      .save(to);
  });
}
