import type { Chunk, VideoCodec } from '../../media/chunk.ts';
import type { Milli } from '../../time.ts';
import { parseRtp, type RtpPacket } from '../packet/rtp-packet.ts';
import type { ReportBlock, RtcpPacket } from '../rtcp/rtcp-packet.ts';
import type { MediaTimeline } from '../source-clock.ts';
import { FrameAssembler } from '../assemble/frame-assembler.ts';
import { LossHold } from '../delay/loss-hold.ts';
import type { ReceiveDrop } from '../assemble/frame-tally.ts';
import { KeyframeRequests } from './requests/keyframe-requests.ts';
import { NackGenerator, type NackDue } from './requests/nack-generator.ts';
import { LayerFilter } from './layer-filter.ts';
import { PictureExtensions } from './picture-extensions.ts';
import { ReceiveStatistics } from './receive-statistics.ts';
import { RtxStreams } from './rtx.ts';
import { SequenceGate } from './sequence-gate.ts';
import { VideoFormats, type ReceiveFormat, type VideoFormat } from './video-formats.ts';

/** A replaced source's stragglers are ignored for so long. */
const STRAGGLERS: Milli = 1000;
/** Ticks a second of every video format in RTP. */
const CLOCK_RATE = 90_000;

export interface VideoReceiverOptions {
  /** What the peer may send, by payload type; formats that are neither video Guise knows nor `rtx` are ignored. */
  readonly receive: readonly ReceiveFormat[];
  /** Header extension ids by URI. */
  readonly extensions: ReadonlyMap<string, number>;
  /** Our SSRC in feedback. */
  readonly senderSsrc: number;
  /** How the peer can be asked for a keyframe. Default: by picture loss indication, which nearly everyone understands. */
  readonly keyframeRequest?: 'picture-loss' | 'full-intra-request';
  /** Of a simulcast the layer that was asked for; others are left out. */
  readonly layer?: string;
  /** Told of each packet and sender report, if given. */
  readonly timeline?: MediaTimeline;
}

/** What a packet, or the passing of time, led to. */
export interface Received {
  /** Decodable chunks, in order. Each fills its own buffer. */
  readonly chunks: readonly Chunk[];
  /** To be sent now: NACKs and keyframe requests. */
  readonly feedback: readonly RtcpPacket[];
}

/** Counts since the start. */
export interface VideoReceiveFigures {
  readonly packets: number;
  readonly bytes: number;
  readonly duplicates: number;
  /** Packets that came by resending. */
  readonly recovered: number;
  readonly malformed: number;
  readonly chunks: number;
  readonly nacks: number;
  readonly keyframeRequests: number;
  /** How long chunks are held back at present, so that those that waited for a resend are in step: 0–300 ms. */
  readonly hold: Milli;
  /** Frames of which packets came and that were given up, by reason. */
  readonly drops: Readonly<Record<ReceiveDrop, number>>;
}

const NOTHING_MISSING: NackDue = { ask: [], first: 0, gaveUp: undefined };
const NOTHING: Received = { chunks: [], feedback: [] };

/**
 * The receiving end of one video line: packets in, chunks and feedback out. Pure: call `push` with each RTP packet and
 * `poll` at `nextAt` (or each 10 ms). It survives loss, reordering, duplicates, pauses and a change of source.
 */
export class VideoReceiver {
  readonly #formats: VideoFormats;
  readonly #rtx: RtxStreams;
  readonly #pictureExtensions: PictureExtensions;
  readonly #layer: LayerFilter | undefined;
  readonly #senderSsrc: number;
  readonly #keyframeRequest: 'picture-loss' | 'full-intra-request';
  readonly #timeline: MediaTimeline | undefined;
  readonly #statistics = new ReceiveStatistics(CLOCK_RATE);
  readonly #nacks = new NackGenerator();
  readonly #keyframes = new KeyframeRequests();
  readonly #assembler = new FrameAssembler();
  readonly #hold = new LossHold();
  #gate = new SequenceGate();
  #ssrc: number | undefined;
  #replaced: { readonly ssrc: number; readonly at: Milli } | undefined;
  #counts = {
    packets: 0,
    bytes: 0,
    duplicates: 0,
    recovered: 0,
    malformed: 0,
    chunks: 0,
    nacks: 0,
    keyframeRequests: 0,
  };

  constructor(options: VideoReceiverOptions) {
    this.#formats = new VideoFormats(options.receive);
    this.#rtx = new RtxStreams(this.#formats.originals);
    this.#pictureExtensions = new PictureExtensions(options.extensions);
    this.#layer = options.layer === undefined ? undefined : new LayerFilter(options.layer, options.extensions);
    this.#senderSsrc = options.senderSsrc;
    this.#keyframeRequest = options.keyframeRequest ?? 'picture-loss';
    this.#timeline = options.timeline;
  }

  /** The source that is received now; `undefined` before its first packet. */
  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  /** The codec of each payload type that is a video format. */
  codecOf(payloadType: number): VideoCodec | undefined {
    return this.#formats.get(payloadType)?.codec;
  }

  /** When `poll` has something to do; `Infinity` if nothing is pending. */
  get nextAt(): Milli {
    return Math.min(this.#nacks.nextAt, this.#keyframes.nextAt, this.#hold.nextAt);
  }

  /** Counts since the start. */
  get figures(): VideoReceiveFigures {
    return { ...this.#counts, hold: this.#hold.delay, drops: { ...this.#assembler.tally.counts } };
  }

  /** Jitter of the way here in milliseconds (RFC 3550). */
  get jitter(): Milli {
    return this.#statistics.jitter;
  }

  /** Round trip to the peer, for how often a lost packet is asked for. */
  set roundTrip(value: Milli) {
    this.#nacks.roundTrip = value;
  }

  /** An RTP packet of this line came, by whichever SSRC. `data` is kept until its frame is whole. */
  push(data: Uint8Array, arrived: Milli): Received {
    const packet = parseRtp(data);
    if (!packet) {
      this.#counts.malformed++;
      return NOTHING;
    }
    if (this.#layer?.admits(packet) === false) return NOTHING;
    const format = this.#formats.get(packet.payloadType);
    if (format) return this.#onMedia(packet, format, arrived);
    const original = this.#ssrc === undefined ? undefined : this.#rtx.unwrap(packet, this.#ssrc);
    const resentFormat = original && this.#formats.get(original.payloadType);
    return original && resentFormat ? this.#onResent(original, resentFormat, arrived) : NOTHING;
  }

  /** Time has passed: asks again for what is missing. */
  poll(now: Milli): Received {
    if (this.#ssrc === undefined) return NOTHING;
    return this.#settle(now);
  }

  /** The decoder lost its place. At most one request goes out each 500 ms. */
  requestKeyframe(now: Milli): Received {
    this.#keyframes.want(now);
    return this.poll(now);
  }

  /** An RTCP packet of the peer came: its sender reports are kept for ours. */
  onRtcp(packet: RtcpPacket, arrived: Milli): void {
    if (packet.type !== 'sender-report' || packet.ssrc !== this.#ssrc) return;
    this.#statistics.onSenderReport(packet.ntp, arrived);
    this.#timeline?.onSenderReport(packet.ntp, packet.rtpTimestamp, arrived);
  }

  /** A block for our next report; `undefined` if nothing came yet. */
  report(now: Milli): ReportBlock | undefined {
    return this.#statistics.report(now);
  }

  #onMedia(packet: RtpPacket, format: VideoFormat, arrived: Milli): Received {
    if (packet.ssrc !== this.#ssrc) {
      const { ssrc, at } = this.#replaced ?? { ssrc: -1, at: 0 };
      if (packet.ssrc === ssrc && arrived - at < STRAGGLERS) return NOTHING;
      this.#begin(packet, format, arrived);
    }
    const admission = this.#gate.admit(packet.sequence);
    if (admission.kind === 'refused') return NOTHING;
    if (admission.kind === 'restart') this.#restart(packet, format, arrived);
    this.#statistics.onPacket(packet.sequence, packet.timestamp, arrived);
    if (packet.payload.length > 0) this.#timeline?.onPacket(packet.timestamp, arrived);
    return this.#insert(packet, admission.position, format, arrived, false);
  }

  #onResent(packet: RtpPacket, format: VideoFormat, arrived: Milli): Received {
    const admission = this.#gate.admit(packet.sequence, true);
    if (admission.kind !== 'in') return NOTHING;
    return this.#insert(packet, admission.position, format, arrived, true);
  }

  #insert(packet: RtpPacket, position: number, format: VideoFormat, arrived: Milli, resent: boolean): Received {
    this.#counts.packets++;
    this.#counts.bytes += packet.data.length;
    this.#nacks.onPacket(position, arrived, resent);
    this.#hold.onPacket(arrived);
    this.#keyframes.onPacket();
    const { timestamp, marker, payload } = packet;
    const { codec, depacketizer } = format;
    const isNew = this.#assembler.insert({
      position,
      timestamp,
      marker,
      payload,
      arrived,
      codec,
      depacketizer,
      ...this.#pictureExtensions.read(packet),
    });
    if (!isNew) {
      this.#counts.duplicates++;
      return NOTHING;
    }
    if (resent) this.#counts.recovered++;
    if (depacketizer.beginsKeyframe(payload)) this.#keyframes.onKeyframeBegun(arrived);
    this.#nacks.jitter = this.#statistics.jitter;
    return this.#settle(arrived);
  }

  /** Takes what is whole, asks for what is missing. */
  #settle(now: Milli): Received {
    const { ask, first, gaveUp } = now >= this.#nacks.nextAt ? this.#nacks.due(now) : NOTHING_MISSING;
    if (first > 0) this.#hold.onLost(first, now);
    if (gaveUp !== undefined) this.#assembler.abandon(gaveUp);
    for (const chunk of this.#assembler.take(now)) {
      if (chunk.keyframe) this.#keyframes.onKeyframe();
      this.#hold.push(chunk, now);
    }
    const chunks = this.#hold.due(now);
    this.#nacks.forget(this.#assembler.floor);
    // A source that has just begun has its time to send a keyframe by itself; it loses that with a packet.
    if (this.#assembler.awaitsKeyframe && (gaveUp !== undefined || !this.#keyframes.pending)) this.#keyframes.want(now);
    this.#counts.chunks += chunks.length;
    const feedback = this.#feedback(ask, now);
    return chunks.length === 0 && feedback.length === 0 ? NOTHING : { chunks, feedback };
  }

  #feedback(ask: readonly number[], now: Milli): RtcpPacket[] {
    const feedback: RtcpPacket[] = [];
    const mediaSsrc = this.#ssrc ?? 0;
    const ends = { senderSsrc: this.#senderSsrc, mediaSsrc };
    if (ask.length > 0) {
      this.#counts.nacks += ask.length;
      feedback.push({ type: 'nack', ...ends, lost: ask.map((position) => position & 0xffff) });
    }
    if (this.#keyframes.due(now)) {
      // Each full intra request is a new one (RFC 5104 §4.3.1.1): one that is repeated counts on.
      const sequence = this.#counts.keyframeRequests++ & 0xff;
      feedback.push(
        this.#keyframeRequest === 'picture-loss'
          ? { type: 'picture-loss', ...ends }
          : { type: 'full-intra-request', senderSsrc: this.#senderSsrc, requests: [{ ssrc: mediaSsrc, sequence }] },
      );
    }
    return feedback;
  }

  /** Another source, or the first. */
  #begin(packet: RtpPacket, format: VideoFormat, arrived: Milli): void {
    if (this.#ssrc !== undefined) this.#replaced = { ssrc: this.#ssrc, at: arrived };
    this.#ssrc = packet.ssrc;
    this.#gate = new SequenceGate();
    this.#timeline?.reset();
    this.#restart(packet, format, arrived);
  }

  /** Nothing that came before has to do with what follows. */
  #restart(packet: RtpPacket, format: VideoFormat, arrived: Milli): void {
    this.#statistics.restart(packet.ssrc);
    this.#nacks.reset();
    this.#assembler.reset();
    this.#hold.restart();
    this.#keyframes.onStart(arrived, format.depacketizer.beginsKeyframe(packet.payload));
  }
}
