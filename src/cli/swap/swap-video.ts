import { extname } from 'node:path';
import { containerOf, holdsAudio, isVideoEnding, VIDEO_ENDINGS, type Container } from '../../codec/file/containers.ts';
import { VideoReader } from '../../codec/file/reader.ts';
import { VideoWriter } from '../../codec/file/writer.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import type { Outcome } from '../../session/pixel.ts';
import { MOST_FLIGHTS } from '../../swap/neural/neural-swap.ts';
import { convertContainer } from '../../egress/convert.ts';
import { findFfmpeg } from '../../egress/find-ffmpeg.ts';
import { GatewayError } from '../../errors.ts';
import { note, type Terminal } from '../terminal.ts';
import type { FaceSwapper } from './face-swapper.ts';
import type { OutputFile } from './output.ts';
import { isPictureEnding } from './swap-picture.ts';
import { ProgressBar } from '../progress-bar.ts';
import { Tally } from './tally.ts';

export interface VideoSwapOptions {
  readonly terminal: Terminal;
  /** Ends the run early; nothing is left behind. */
  readonly signal: AbortSignal;
}

/** What came of it, for the last line. */
export interface SwappedVideo {
  readonly tally: Tally;
  /** Frames a second, of the whole run. */
  readonly rate: number;
  readonly width: number;
  readonly height: number;
  /** Like `aac copied`; undefined without sound. */
  readonly sound: string | undefined;
}

/** How the output file comes about. */
interface Route {
  readonly container: Container;
  /** The ffmpeg program, where it must put the finished pictures into another container or encode the sound. */
  readonly program?: string;
}

/**
 * Swaps the faces of a video file, picture by picture at its own times, and keeps its sound.
 * @throws GatewayError file_unreadable, file_no_video, file_unwritable, ffmpeg_missing
 */
export async function swapVideo(
  input: string,
  output: OutputFile,
  createSwapper: () => Promise<FaceSwapper>,
  { terminal, signal }: VideoSwapOptions,
): Promise<SwappedVideo> {
  const reader = new VideoReader(input);
  try {
    const route = await routeTo(output.path, reader.facts.audio, terminal);
    const draft = output.draft(route.program ? '.mkv' : undefined);
    const swapper = await createSwapper();
    const writer = new VideoWriter(draft, route.container, reader);
    try {
      tellSize(terminal, reader, writer);
      const { tally, rate } = await swapAll(reader, writer, swapper, { terminal, signal });
      const finished = route.program ? await converted(route.program, draft, output, signal) : draft;
      output.publish(finished);
      const names = [...new Set(reader.facts.audio)].join(', ');
      const sound = names && `${names} ${route.program ? 'encoded again' : 'copied'}`;
      return { tally, rate, width: writer.width, height: writer.height, sound: sound || undefined };
    } finally {
      writer.close();
      swapper.close();
    }
  } finally {
    reader.close();
  }
}

async function swapAll(
  reader: VideoReader,
  writer: VideoWriter,
  swapper: FaceSwapper,
  { terminal, signal }: VideoSwapOptions,
): Promise<{ tally: Tally; rate: number }> {
  const pictures = Array.from({ length: MOST_FLIGHTS }, () => new WorkPicture());
  const away: {
    readonly work: WorkPicture;
    readonly moment: NonNullable<ReturnType<VideoReader['next']>>;
    readonly outcome: Promise<Outcome>;
  }[] = [];
  const tally = new Tally();
  const bar = new ProgressBar(terminal, { unit: 'frames', total: reader.facts.frames });
  const tick = (1000 * reader.timeBase.num) / reader.timeBase.den;
  const finish = async (): Promise<void> => {
    const { work, moment, outcome } = away[0]!;
    tally.add(await outcome);
    away.shift();
    writer.write(work, moment);
    pictures.push(work);
    bar.step();
  };
  try {
    for (;;) {
      signal.throwIfAborted();
      if (pictures.length === 0) await finish();
      const work = pictures.at(-1)!;
      const moment = reader.next(work, (packet, track) => writer.writeAudio(packet, track));
      if (!moment) break;
      const { outcome } = await swapper.begin(work, Number(moment.pts) * tick);
      away.push({ work: pictures.pop()!, moment, outcome });
    }
    while (away.length > 0) await finish();
    if (tally.total === 0) throw new GatewayError('file_unreadable', 'the video track must hold at least one picture');
    writer.finish();
    return { tally, rate: bar.rate };
  } finally {
    bar.stop();
    // Faces that are away come back before the pictures go in which they belong.
    swapper.close();
    await Promise.allSettled(away.map(({ outcome }) => outcome));
    for (const work of [...pictures, ...away.map((one) => one.work)]) work.close();
  }
}

/** Sound is copied where the container holds it. Else, and for containers that we do not write, ffmpeg is asked. */
async function routeTo(path: string, audio: readonly string[], terminal: Terminal): Promise<Route> {
  const container = containerOf(path);
  if (!container && (!isVideoEnding(path) || isPictureEnding(path))) {
    const endings = `${VIDEO_ENDINGS.join(', ')} or another video container`;
    throw new GatewayError('file_unwritable', `a video is written as ${endings}; name the output so [file:${path}]`);
  }
  if (container && holdsAudio(container, audio)) return { container };
  const program = await findFfmpeg({ tell: (line) => note(terminal, line) });
  const between: Container = { muxer: 'matroska', video: container?.video ?? 'h264', audio: undefined };
  if (program) return { container: between, program };
  const why = container ? `${extname(path)} cannot hold its sound (${audio.join(', ')})` : `of the ending of ${path}`;
  throw new GatewayError(
    'ffmpeg_missing',
    `the ffmpeg program is needed because ${why}: install it, set FFMPEG_BIN, or write ${container ? '.mkv' : VIDEO_ENDINGS.join(', ')}`,
  );
}

async function converted(program: string, draft: string, output: OutputFile, signal: AbortSignal): Promise<string> {
  const finished = output.draft();
  await convertContainer(program, draft, finished, signal);
  return finished;
}

function tellSize(terminal: Terminal, reader: VideoReader, writer: VideoWriter): void {
  const { width, height } = reader.facts;
  if (writer.width === width && writer.height === height) return;
  const sizes = `${width} × ${height} becomes ${writer.width} × ${writer.height}`;
  note(terminal, `note: H.264 needs even sides, so ${sizes} (its edge repeated); .webm keeps the size.`);
}
