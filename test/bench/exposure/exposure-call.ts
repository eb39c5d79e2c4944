import type { Clip } from '../../media/clip.ts';
import type { Random } from '../../media/random.ts';
import { Signalling } from '../client/signalling.ts';
import { paceStreams, Stream, type ReturnedFrame, type SentFrame } from '../client/stream.ts';
import { mostShown, type Looked } from './looked.ts';
import type { ReferenceFrame } from '../judge/reference.ts';
import { ReturnedPictures } from '../judge/verdict.ts';

/** What one call of a scenario is. */
export interface CallPlan {
  readonly gateway: string;
  readonly clip: Clip;
  /** `mask:NAME` or an uploaded photo's id. */
  readonly identity: string;
  readonly budget?: number;
}

/** One call whose every returned frame is kept and looked at afterwards. */
export class ExposureCall {
  readonly signalling: Signalling;
  readonly #stream: Stream;
  readonly #clip: Clip;
  readonly #phase: number;
  #pacing: { stop: () => void } | undefined;

  private constructor(signalling: Signalling, clip: Clip, random: Random) {
    this.signalling = signalling;
    this.#clip = clip;
    this.#stream = new Stream(clip, signalling, random);
    this.#phase = random.next();
  }

  /** Connects and begins to send. */
  static async open({ gateway, clip, identity, budget }: CallPlan, random: Random): Promise<ExposureCall> {
    const signalling = await Signalling.open(gateway, { identity, codec: clip.codec, ...(budget && { budget }) });
    const call = new ExposureCall(signalling, clip, random);
    await call.#stream.connect();
    const sendFrame = () => call.#stream.sendFrame();
    call.#pacing = paceStreams([{ sendFrame, phase: call.#phase, frameRate: clip.frameRate }]);
    return call;
  }

  /** How many frames have come back so far. */
  get returned(): number {
    return this.#stream.returned.length;
  }

  async close(): Promise<void> {
    this.#pacing?.stop();
    await this.#stream.close();
  }

  /** Looks at everything that came back. */
  look(reference: readonly ReferenceFrame[]): Looked {
    const pictures = new ReturnedPictures(this.#clip.codec);
    const looked: Looked = { frames: 0, exposed: 0, undecodable: 0, most: 0 };
    for (const frame of this.#stream.returned) {
      const picture = pictures.next(frame.data, frame.keyframe);
      if (!picture) {
        looked.undecodable++;
        continue;
      }
      const most = mostShown(
        picture,
        this.#shownAt(frame).map(({ clipIndex }) => reference[clipIndex]!),
      );
      looked.frames++;
      looked.most = Math.max(looked.most, most.share);
      if (most.exposed) looked.exposed++;
    }
    pictures.close();
    return looked;
  }

  /** What a returned frame could show: the input that it answers and those before it, in case an old picture was sent. */
  #shownAt(frame: ReturnedFrame): SentFrame[] {
    const { sent } = this.#stream;
    const answered = frame.input ? sent.indexOf(frame.input) : sent.findLastIndex(({ sent: at }) => at <= frame.back);
    return [0, 1, 2, 4, 8, 16].flatMap((older) => sent[answered - older] ?? []);
  }
}
