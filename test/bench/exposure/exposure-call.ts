import type { Clip } from '../../media/clip.ts';
import type { Random } from '../../media/random.ts';
import type { Scene } from '../../media/scene.ts';
import { Signalling } from '../client/signalling.ts';
import { paceStreams, Stream, type ReturnedFrame, type SentFrame } from '../client/stream.ts';
import { mostShown, toPng, type Looked, type Witness } from './looked.ts';
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

  /** Looks at everything that came back; the witness, where there is one, at every third frame. */
  async look(reference: readonly ReferenceFrame[], scene: Scene, witness?: Witness): Promise<Looked> {
    const pictures = new ReturnedPictures(this.#clip.codec);
    const looked: Looked = { frames: 0, exposed: 0, undecodable: 0, most: 0, where: [] };
    for (const [index, frame] of this.#stream.returned.entries()) {
      const picture = pictures.next(frame.data, frame.keyframe);
      if (!picture) {
        looked.undecodable++;
        continue;
      }
      const moments = this.#shownAt(frame);
      const found = mostShown(
        picture,
        moments.map(({ clipIndex }) => reference[clipIndex]!),
      );
      const known = witness && index % 3 === 0 && moments[0] ? scene.truth(moments[0].clipIndex) : [];
      const recognised = (await witness?.recognises(picture, known)) ?? false;
      looked.frames++;
      if (found.exposed || recognised) {
        looked.exposed++;
        const second = (moments[0]?.clipIndex ?? NaN) / this.#clip.frameRate;
        looked.where.push(`${second.toFixed(2)} s: ${found.share.toFixed(2)}${recognised ? ' recognised' : ''}`);
      }
      if (found.share < looked.most && !recognised) continue;
      looked.most = Math.max(looked.most, found.share);
      looked.worst = toPng(picture);
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
