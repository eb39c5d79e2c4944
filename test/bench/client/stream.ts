import type { RtpPacket } from 'werift';
import { addTicks, monotonic, VIDEO_CLOCK, type Milli, type RtpTicks } from '../../../src/time.ts';
import type { Clip } from '../../media/clip.ts';
import type { Random } from '../../media/random.ts';
import { cut, join } from './payload.ts';
import { Peer } from './peer.ts';
import type { Signalling } from './signalling.ts';
import { TimestampMatch } from './timestamps.ts';

/** One frame that was sent, and what became of it. */
export interface SentFrame {
  /** Index in the clip. */
  readonly clipIndex: number;
  /** When its last packet was handed to the peer. */
  sent: Milli;
  /** When the last packet of the answer came; undefined if none did. */
  back?: Milli;
}

/** One access unit that came back, in the order of arrival. */
export interface ReturnedFrame {
  readonly back: Milli;
  readonly data: Uint8Array;
  readonly keyframe: boolean;
  /** The frame that it answers; known once the timestamp constant is. */
  input?: SentFrame;
}

/** Most packets of a frame that leave at once; more wait a millisecond, as a browser's pacer makes them. */
const BURST = 32;
/** Unevenness of a camera's timestamps, ticks to either side. */
const JITTER = 180;
const NOTHING = new Uint8Array(0);
const KEYFRAME_PAUSE: Milli = 500;

/** One caller: sends a clip as a camera would and keeps what comes back. */
export class Stream {
  readonly sent: SentFrame[] = [];
  readonly returned: ReturnedFrame[] = [];
  /** Outputs that answer no input: always a mistake of the gateway. */
  strays = 0;
  keyframeRequests = 0;
  /** When the offer was sent, and when packets could flow. */
  offered: Milli = NaN;
  connected: Milli = NaN;

  readonly #clip: Clip;
  readonly #signalling: Signalling;
  readonly #payloads: Uint8Array[][];
  readonly #random: Random;
  readonly #match = new TimestampMatch();
  readonly #byInput = new Map<RtpTicks, SentFrame>();
  readonly #byOutput = new Map<RtpTicks, ReturnedFrame>();
  readonly #keep: boolean;
  #peer: Peer | undefined;
  #timestamp: RtpTicks;
  #mediaTime = 0;
  #next = 0;
  #restart = false;
  #lastRestart: Milli = -Infinity;
  #lastRequest: Milli = -Infinity;
  #open: Uint8Array[] = [];
  #openTimestamp: RtpTicks | undefined;
  #lastSequence: number | undefined;
  #whole = true;

  /** @param options.keep false forgets the bytes that come back, for runs of many minutes */
  constructor(clip: Clip, signalling: Signalling, random: Random, options: { readonly keep?: boolean } = {}) {
    this.#clip = clip;
    this.#signalling = signalling;
    this.#payloads = clip.chunks.map((chunk, index) => cut(clip.codec, chunk, index & 0x7fff));
    this.#random = random;
    this.#timestamp = random.below(2 ** 32);
    this.#keep = options.keep ?? true;
  }

  async connect(): Promise<void> {
    const events = { onRtp: (packet: RtpPacket) => this.#take(packet), onKeyframeRequest: () => this.#onRequest() };
    this.#peer = await Peer.connect(this.#signalling, this.#clip.codec, events, () => {
      this.offered = monotonic.now();
    });
    this.connected = monotonic.now();
  }

  /** Sends the clip's next frame. */
  sendFrame(): void {
    if (this.#restart) {
      this.#restart = false;
      this.#next = 0;
    }
    const clipIndex = this.#next;
    this.#next = (this.#next + 1) % this.#payloads.length;
    this.#mediaTime += VIDEO_CLOCK / this.#clip.frameRate;
    const timestamp = addTicks(this.#timestamp, Math.round(this.#mediaTime) + this.#random.below(2 * JITTER) - JITTER);
    const frame: SentFrame = { clipIndex, sent: monotonic.now() };
    this.sent.push(frame);
    this.#byInput.set(timestamp, frame);
    this.#match.sent(timestamp);
    this.#burst(this.#payloads[clipIndex]!, 0, timestamp, frame);
  }

  async close(): Promise<void> {
    this.#signalling.close();
    await this.#peer?.close();
  }

  #burst(payloads: readonly Uint8Array[], from: number, timestamp: RtpTicks, frame: SentFrame): void {
    const to = Math.min(payloads.length, from + BURST);
    for (let i = from; i < to; i++) this.#peer!.send(payloads[i]!, timestamp, i === payloads.length - 1);
    frame.sent = monotonic.now();
    if (to < payloads.length) setTimeout(() => this.#burst(payloads, to, timestamp, frame), 1);
  }

  #onRequest(): void {
    this.keyframeRequests++;
    const now = monotonic.now();
    if (now - this.#lastRestart < KEYFRAME_PAUSE) return;
    this.#lastRestart = now;
    // A pre-encoded clip has its keyframe at the start only.
    this.#restart = this.#next > 1;
  }

  #take({ header, payload }: RtpPacket): void {
    const { sequenceNumber, timestamp, marker } = header;
    if (this.#lastSequence !== undefined) {
      const step = (sequenceNumber - this.#lastSequence) & 0xffff;
      if (step === 0 || step > 0x8000) return; // a repetition
      if (step > 1) this.#whole = false;
    }
    this.#lastSequence = sequenceNumber;
    if (timestamp !== this.#openTimestamp) {
      this.#open = [];
      this.#openTimestamp = timestamp;
    }
    if (payload.length > 0) this.#open.push(new Uint8Array(payload));
    if (marker) this.#finish(timestamp);
  }

  #finish(timestamp: RtpTicks): void {
    const now = monotonic.now();
    const unit = join(this.#clip.codec, this.#open);
    this.#open = [];
    if (!unit || !this.#whole) {
      this.#whole = true;
      if (now - this.#lastRequest > KEYFRAME_PAUSE) this.#signalling.send({ type: 'keyframe' });
      this.#lastRequest = now;
      return;
    }
    const returned: ReturnedFrame = { back: now, ...unit, ...(!this.#keep && { data: NOTHING }) };
    this.returned.push(returned);
    this.#byOutput.set(timestamp, returned);
    for (const { output, input } of this.#match.came(timestamp)) this.#pair(output, input);
  }

  #pair(output: RtpTicks, input: RtpTicks | undefined): void {
    const returned = this.#byOutput.get(output);
    const frame = input === undefined ? undefined : this.#byInput.get(input);
    if (!returned || !frame) {
      this.strays++;
      return;
    }
    returned.input = frame;
    frame.back ??= returned.back;
  }
}

/** Calls `send` of each stream at the clip's rate, each with a phase of its own, until `stop` is called. */
export function paceStreams(
  streams: readonly { readonly sendFrame: () => void; readonly phase: number; readonly frameRate: number }[],
): { stop: () => void } {
  const begin = monotonic.now() + 5;
  const slots = streams.map(({ sendFrame, phase, frameRate }) => {
    const period = 1000 / frameRate;
    return { sendFrame, period, due: begin + phase * period };
  });
  let timer: NodeJS.Timeout;
  const tick = () => {
    const now = monotonic.now();
    for (const slot of slots) {
      while (slot.due <= now) {
        slot.sendFrame();
        slot.due += slot.period;
      }
    }
    const next = Math.min(...slots.map(({ due }) => due));
    timer = setTimeout(tick, Math.max(0, Math.floor(next - monotonic.now())));
  };
  tick();
  return { stop: () => clearTimeout(timer) };
}
