import type { Chunk } from '../../../src/media/chunk.ts';
import type { RtcpPacket } from '../../../src/rtp/rtcp/rtcp-packet.ts';
import { addTicks, monotonic, VIDEO_CLOCK, type Milli, type RtpTicks } from '../../../src/time.ts';
import type { Clip } from '../../media/clip.ts';
import type { Random } from '../../media/random.ts';
import { ReceivingEnd } from './ends/receiving-end.ts';
import { SendingEnd } from './ends/sending-end.ts';
import { cut } from './payload.ts';
import { Peer, type Door } from './peer.ts';
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
/** How often feedback that is due by time is looked for, and how often reports go out. */
const TICK: Milli = 10;
const REPORT_INTERVAL: Milli = 1000;

/** What was done about loss, packets and requests. */
export interface Repair {
  /** Of ours, sent again because the gateway asked; of the gateway's, asked for, and come by that. */
  readonly resent: number;
  readonly nacks: number;
  readonly recovered: number;
  readonly keyframesAsked: number;
}

export interface StreamOptions {
  /** False forgets the bytes that come back, for runs of many minutes. Default true. */
  readonly keep?: boolean;
  /** The way may break off, and the gateway's timestamps jump with it. Default false. */
  readonly impaired?: boolean;
  /** Who only receives watches others. Default both ways. */
  readonly direction?: 'sendrecv' | 'recvonly';
}

interface Line {
  readonly peer: Peer;
  readonly sending: SendingEnd;
  readonly receiving: ReceivingEnd;
  readonly timer: NodeJS.Timeout;
}

/** One caller: sends a clip as a camera would and keeps what comes back. */
export class Stream {
  readonly sent: SentFrame[] = [];
  readonly returned: ReturnedFrame[] = [];
  /** Outputs that answer no input: always a mistake of the gateway. */
  strays = 0;
  keyframeRequests = 0;
  /** Settles when the first frame has come back. */
  readonly first: Promise<void>;
  #came: () => void = () => undefined;
  /** When the offer was sent, and when packets could flow. */
  offered: Milli = NaN;
  connected: Milli = NaN;

  readonly #clip: Clip;
  readonly #door: Door;
  readonly #payloads: Uint8Array[][];
  readonly #random: Random;
  readonly #match: TimestampMatch;
  readonly #byInput = new Map<RtpTicks, SentFrame>();
  readonly #byOutput = new Map<RtpTicks, ReturnedFrame>();
  readonly #options: Required<StreamOptions>;
  #line: Line | undefined;
  #reportAt: Milli = -Infinity;
  #timestamp: RtpTicks;
  #mediaTime = 0;
  #next = 0;
  #restart = false;
  #lastRestart: Milli = -Infinity;

  constructor(clip: Clip, door: Door, random: Random, options: StreamOptions = {}) {
    this.first = new Promise((resolve) => (this.#came = resolve));
    this.#clip = clip;
    this.#door = door;
    this.#payloads = clip.chunks.map((chunk, index) => cut(clip.codec, chunk, index & 0x7fff));
    this.#random = random;
    this.#timestamp = random.below(2 ** 32);
    this.#options = { keep: true, impaired: false, direction: 'sendrecv', ...options };
    this.#match = new TimestampMatch(this.#options.impaired);
  }

  /** @param through the answer as the client is to see it, e.g. by way of a relay */
  async connect(through?: (answer: string) => Promise<string>): Promise<void> {
    const peer = await Peer.connect(this.#door, {
      codec: this.#clip.codec,
      direction: this.#options.direction,
      ...(through && { through }),
      onOffer: () => (this.offered = monotonic.now()),
    });
    this.connected = monotonic.now();
    const { negotiated, ssrc, rtxSsrc } = peer;
    const { payloadType, rtxPayloadType } = negotiated;
    const rtx = rtxPayloadType === undefined ? undefined : { ssrc: rtxSsrc, payloadType: rtxPayloadType };
    const sending = new SendingEnd({ ssrc, payloadType, rtx, now: this.connected });
    const receiving = new ReceivingEnd({
      negotiated,
      senderSsrc: ssrc,
      onChunk: (chunk) => this.#finish(chunk),
      onFeedback: (packets) => peer.sendRtcp(packets),
    });
    const timer = setInterval(() => this.#tick(), TICK);
    this.#line = { peer, sending, receiving, timer };
    peer.listen({
      onRtp: (data) => receiving.onRtp(new Uint8Array(data), monotonic.now()),
      onRtcp: (packets) => this.#onRtcp(packets),
    });
  }

  /** Offers once more, with new ICE credentials where `restart` says so. */
  async renegotiate(options: { readonly restart: boolean }): Promise<void> {
    await this.#line?.peer.renegotiate(this.#door, options);
  }

  /** What was resent and asked for, since the start. */
  get repair(): Repair {
    const { sending, receiving } = this.#line!;
    const { recovered, nacks, keyframeRequests } = receiving.figures;
    return { resent: sending.resent, recovered, nacks, keyframesAsked: keyframeRequests };
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
    clearInterval(this.#line?.timer);
    await this.#door.close();
    await this.#line?.peer.close();
  }

  #burst(payloads: readonly Uint8Array[], from: number, timestamp: RtpTicks, frame: SentFrame): void {
    const to = Math.min(payloads.length, from + BURST);
    const { peer, sending } = this.#line!;
    const now = monotonic.now();
    for (let i = from; i < to; i++) peer.send(sending.packet(payloads[i]!, timestamp, i === payloads.length - 1, now));
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

  #onRtcp(packets: readonly RtcpPacket[]): void {
    const { peer, sending, receiving } = this.#line!;
    const now = monotonic.now();
    for (const packet of packets) {
      if (packet.type === 'picture-loss' || packet.type === 'full-intra-request') this.#onRequest();
      for (const again of sending.onRtcp(packet, now)) peer.send(again);
      receiving.onRtcp(packet, now);
    }
    if (sending.roundTrip !== undefined) receiving.roundTrip = sending.roundTrip;
  }

  /** Feedback that is due by time. */
  #tick(): void {
    const { peer, sending, receiving } = this.#line!;
    const now = monotonic.now();
    receiving.poll(now);
    if (now < this.#reportAt) return;
    this.#reportAt = now + REPORT_INTERVAL;
    const block = receiving.report(now);
    const report = sending.report(block ? [block] : [], now);
    if (report) peer.sendRtcp([report, { type: 'source-description', names: [{ ssrc: peer.ssrc, cname: 'load' }] }]);
  }

  #finish({ data, keyframe, timestamp }: Chunk): void {
    const returned: ReturnedFrame = { back: monotonic.now(), keyframe, data: this.#options.keep ? data : NOTHING };
    this.returned.push(returned);
    this.#came();
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
