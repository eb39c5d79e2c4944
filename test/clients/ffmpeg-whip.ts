import { AV_LOG_ERROR, AVSEEK_FLAG_BACKWARD } from 'node-av/constants';
import { FFmpegError, FormatContext, Log, Packet, Rational, type Stream } from 'node-av/lib';
import { monotonic } from '../../src/time.ts';

const MICROSECONDS = new Rational(1, 1_000_000);

/**
 * FFmpeg's own WHIP muxer, as node-av ships it: `ffmpeg -re -stream_loop -1 -i FILE -c copy -f whip URL`.
 * The file holds H.264 of the baseline profile and Opus in stereo.
 */
export class FfmpegWhip {
  /** Milliseconds from before the POST until media could flow. */
  readonly connected: number;
  readonly #output: FormatContext;
  readonly #input: FormatContext;
  readonly #running: Promise<void>;
  #stopped = false;

  private constructor(input: FormatContext, output: FormatContext, connected: number) {
    this.#input = input;
    this.#output = output;
    this.connected = connected;
    this.#running = this.#run();
    // What goes wrong is told by whoever stops it.
    this.#running.catch(() => undefined);
  }

  /** Publishes until it is stopped. Rejects with what FFmpeg says if the gateway does not take it. */
  static async publish(file: string, url: string, token: string): Promise<FfmpegWhip> {
    Log.setLevel(AV_LOG_ERROR);
    const input = new FormatContext();
    check(input.openInputSync(file, null, null));
    check(input.findStreamInfoSync(null));
    const output = new FormatContext();
    check(output.allocOutputContext2(null, 'whip', url));
    for (const from of streamsOf(input)) {
      const to = output.newStream();
      check(from.codecpar.copy(to.codecpar));
      to.codecpar.codecTag = 0;
      to.timeBase = from.timeBase;
    }
    check(output.setOption('authorization', token));
    const begun = monotonic.now();
    check(await output.writeHeader(null));
    return new FfmpegWhip(input, output, monotonic.now() - begun);
  }

  /** Ends the session as FFmpeg does at the end of its input. Idempotent. Rejects with what went wrong before. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const packet = new Packet();
    packet.alloc();
    const begun = monotonic.now();
    // Microseconds that the rounds before have taken.
    for (let offset = 0; !this.#stopped; offset += Number(this.#input.duration)) {
      check(await this.#input.seekFrame(-1, 0n, AVSEEK_FLAG_BACKWARD));
      while (!this.#stopped && (await this.#input.readFrame(packet)) >= 0) {
        packet.rescaleTs(streamsOf(this.#input)[packet.streamIndex]!.timeBase, MICROSECONDS);
        packet.dts += BigInt(offset);
        packet.pts += BigInt(offset);
        const wait = begun + Number(packet.dts) / 1000 - monotonic.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        packet.rescaleTs(MICROSECONDS, streamsOf(this.#output)[packet.streamIndex]!.timeBase);
        check(await this.#output.writeFrame(packet));
        packet.unref();
      }
    }
    check(await this.#output.writeTrailer());
    packet.free();
    this.#output.freeContext();
    this.#input.closeInputSync();
  }
}

function streamsOf(format: FormatContext): Stream[] {
  return format.streams ?? [];
}

function check(result: number): void {
  FFmpegError.throwIfError(result, 'WHIP by FFmpeg');
}
