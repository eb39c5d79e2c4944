import type { WearerChoice } from '../../../src/api/messages.ts';
import type { Clip } from '../../media/clip.ts';
import type { Random } from '../../media/random.ts';
import type { Scene } from '../../media/scene.ts';
import { Signalling } from '../client/signalling.ts';
import { paceStreams, Stream, type SentFrame } from '../client/stream.ts';
import { lookAt, type Looked, type Witness } from './looked.ts';
import type { ReferenceFrame } from '../judge/reference.ts';

/** What one call of a scenario is. */
export interface CallPlan {
  readonly gateway: string;
  readonly clip: Clip;
  /** `mask:NAME` or an uploaded photo's id; left out: nobody. */
  readonly identity?: string;
  /** Who of several faces wears whom. */
  readonly wearers?: readonly WearerChoice[];
  readonly budget?: number;
  /** Longest side that is asked for, pixels. */
  readonly maximumSide?: number;
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
  static async open({ gateway, clip, ...plan }: CallPlan, random: Random): Promise<ExposureCall> {
    const { identity, budget, maximumSide, wearers } = plan;
    const chosen = {
      ...{ codec: clip.codec, ...(identity && { identity }), ...(wearers && { wearers: [...wearers] }) },
      ...{ ...(budget && { budget }), ...(maximumSide && { maximumSide }) },
    };
    const signalling = await Signalling.open(gateway, chosen);
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

  /** Settles when the first picture has come back. */
  get first(): Promise<unknown> {
    return this.#stream.first;
  }

  get sent(): readonly SentFrame[] {
    return this.#stream.sent;
  }

  async close(): Promise<void> {
    this.#pacing?.stop();
    await this.#stream.close();
  }

  /** Looks at everything that came back; the witness, where there is one, at every third frame. */
  look(reference: readonly ReferenceFrame[], scene: Scene, witness?: Witness): Promise<Looked> {
    const { sent, returned } = this.#stream;
    return lookAt({ sent, returned, clip: this.#clip }, { reference, scene, ...(witness && { witness }) });
  }
}
