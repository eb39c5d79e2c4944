import { assert, assertNever } from '../../errors.ts';
import type { CaptureTime, SendCodec, TemporalPlace } from '../../media/chunk.ts';
import { addTicks, ticksBetween, VIDEO_CLOCK, type Milli, type RtpTicks } from '../../time.ts';
import type { OutgoingExtensions } from '../packet/header-template.ts';
import type { OutgoingPacket } from '../packet/outgoing-packet.ts';
import type { NtpClock } from '../rtcp/ntp-clock.ts';
import type { RtcpPacket, SenderReport } from '../rtcp/rtcp-packet.ts';
import type { AskedTimeline } from '../source-clock.ts';
import { createPacketizer } from '../video/create-packetizer.ts';
import type { Packetizer } from '../video/packetizer.ts';
import { CaptureNotice } from './capture-notice.ts';
import { DelayHeader } from './delay/delay-header.ts';
import { Resender } from './resend/resender.ts';
import { RoundTrip } from './round-trip.ts';
import { senderReport } from './sender-report.ts';
import { TimestampMap } from './timestamp-map.ts';

/** Bytes of a whole packet, SRTP tag and RTX number included: fits every path that WebRTC is used on. */
export const PACKET_LIMIT = 1200;
/** Longest SRTP tag (AES-GCM, 16), and the 2 bytes that RTX puts before a resent payload. */
const RESERVED = 18;

/** An encoded picture; `EncodedChunk` is one. */
export interface SendChunk {
  readonly codec: SendCodec;
  readonly data: Uint8Array;
  /** RTP timestamp of the input frame. */
  readonly timestamp: RtpTicks;
  readonly keyframe: boolean;
  readonly temporal?: TemporalPlace;
  /** As the input frame's sender told it; passed on where that is negotiated. */
  readonly captureTime?: CaptureTime;
}

export interface VideoSenderOptions {
  readonly codec: SendCodec;
  readonly ssrc: number;
  readonly payloadType: number;
  /** The negotiated `a=fmtp` value, for H.264's packetization mode. */
  readonly parameters?: string;
  /** Where resends go; without it packets are resent as they were. */
  readonly rtx?: { readonly ssrc: number; readonly payloadType: number };
  readonly extensions?: OutgoingExtensions;
  readonly clock: NtpClock;
  /** The input's timeline, for sender reports; without it they count from the last packet sent. */
  readonly timeline?: AskedTimeline;
  /** Random 32 bits: where sequence numbers, timestamps and picture ids begin (RFC 3550 §5.1). */
  readonly seed: number;
}

/** What the peer's feedback asks for. */
export interface VideoFeedback {
  /** Packets to send again. */
  readonly resend: readonly OutgoingPacket[];
  /** A keyframe is wanted; the encoder is to be asked, at most once in a while. */
  readonly keyframe: boolean;
  /** Fraction of our packets that were lost since the last report, 0–1, if this was a report. */
  readonly fractionLost?: number;
  /** Most bits a second that the receiver can take (REMB), if it said so. */
  readonly estimate?: number;
}

/** What a line has sent so far. */
export interface VideoSendFigures {
  readonly packets: number;
  /** Payload bytes. */
  readonly bytes: number;
  /** Packets that were sent again. */
  readonly resent: number;
  /** How long the receiver is asked to hold pictures back, so that resends are on time: 0–400 ms. */
  readonly playoutDelay: Milli;
}

const NO_FEEDBACK: VideoFeedback = { resend: [], keyframe: false };

/** The sending end of one video line: chunks in, packets out. Pure; what it gives goes into the pacer. */
export class VideoSender {
  readonly ssrc: number;
  /** How long packets wait on the way to the peer; congestion control tells. */
  wayQueue: Milli = 0;
  readonly #packetizer: Packetizer;
  readonly #header: DelayHeader;
  readonly #capture: CaptureNotice;
  readonly #budget: number;
  readonly #clock: NtpClock;
  readonly #timeline: AskedTimeline | undefined;
  readonly #timestamps: TimestampMap;
  readonly #resender: Resender;
  readonly #roundTrip: RoundTrip;
  #sequence: number;
  #packetCount = 0;
  #octetCount = 0;
  #last: { readonly timestamp: RtpTicks; readonly at: Milli } | undefined;
  #intraSequence: number | undefined;

  constructor(options: VideoSenderOptions) {
    const { ssrc, payloadType, extensions, rtx, seed } = options;
    this.ssrc = ssrc;
    this.#packetizer = createPacketizer(options.codec, options.parameters ?? '', seed);
    this.#header = new DelayHeader({ ssrc, payloadType, ...(extensions ? { extensions } : {}) });
    this.#resender = new Resender({
      ...(rtx ? { rtx } : {}),
      ...(extensions ? { extensions } : {}),
      seed: seed >>> 16,
    });
    this.#capture = new CaptureNotice(extensions?.ids, options.clock, options.timeline);
    this.#budget = PACKET_LIMIT - RESERVED - this.#header.size - this.#capture.size;
    this.#clock = options.clock;
    this.#timeline = options.timeline;
    this.#roundTrip = new RoundTrip(options.clock);
    this.#timestamps = new TimestampMap(VIDEO_CLOCK, seed);
    // Low at the start: a receiver that loses the first packets must not lose the cycle count too.
    this.#sequence = (seed >>> 8) & 0x7fff;
  }

  /** Round trip to the peer in ms, smoothed; `undefined` before its first report or feedback. */
  get roundTrip(): Milli | undefined {
    return this.#roundTrip.smoothed;
  }

  /** Round trip that transport-wide feedback shows. */
  set shownRoundTrip(value: Milli) {
    this.#roundTrip.shown = value;
  }

  /** Counts since the start, resends apart, and the playout delay as it is. */
  get figures(): VideoSendFigures {
    return {
      packets: this.#packetCount,
      bytes: this.#octetCount,
      resent: this.#resender.resent,
      playoutDelay: this.#header.minimum,
    };
  }

  /** The packets of one chunk, in order. They are kept for resending. */
  send(chunk: SendChunk, now: Milli): OutgoingPacket[] {
    assert(chunk.codec === this.#packetizer.codec, `chunk must be ${this.#packetizer.codec} [codec:${chunk.codec}]`);
    const payloads = this.#packetizer.packetize(chunk, this.#budget);
    if (payloads.length === 0) return [];
    const timestamp = this.#outputTimestamp(chunk.timestamp, now);
    this.#last = { timestamp, at: now };
    if (chunk.keyframe) this.#resender.onKeyframe(this.#sequence);
    const frame = { sequence: this.#sequence, packets: payloads.length, keyframe: chunk.keyframe };
    const roundTrip = this.#roundTrip.smoothed ?? 0;
    const header = this.#header.onFrame(frame, roundTrip, now);
    const captured = this.#capture.element(chunk.captureTime, now);
    return payloads.map((payload, index) => {
      const sequence = this.#sequence;
      this.#sequence = (sequence + 1) & 0xffff;
      const marker = index === payloads.length - 1;
      const packet = header.packet(
        { marker, sequence, timestamp },
        payload,
        'video',
        index === 0 ? captured : undefined,
      );
      this.#packetCount++;
      this.#octetCount += payload.reduce((sum, { length }) => sum + length, 0);
      this.#resender.keep(sequence, packet, now);
      return packet;
    });
  }

  /** About `bytes` on the wire that mean nothing, for probes: by RTX, so none where that is not negotiated. */
  padding(bytes: number, now: Milli): OutgoingPacket[] {
    return this.#resender.padding(bytes, now);
  }

  /** An RTCP packet of the peer came; those that are not for this line change nothing. */
  onRtcp(packet: RtcpPacket, now: Milli): VideoFeedback {
    switch (packet.type) {
      case 'nack':
        return packet.mediaSsrc === this.ssrc ? this.#onNack(packet.lost, now) : NO_FEEDBACK;
      case 'picture-loss':
        return { resend: [], keyframe: packet.mediaSsrc === this.ssrc };
      case 'full-intra-request': {
        const request = packet.requests.find(({ ssrc }) => ssrc === this.ssrc);
        const keyframe = request !== undefined && request.sequence !== this.#intraSequence;
        if (request) this.#intraSequence = request.sequence;
        return { resend: [], keyframe };
      }
      case 'sender-report':
      case 'receiver-report': {
        const block = packet.reports.find(({ ssrc }) => ssrc === this.ssrc);
        if (!block) return NO_FEEDBACK;
        this.#roundTrip.onReport(block, now);
        this.#header.onReport(block.highestSequence);
        return { ...NO_FEEDBACK, fractionLost: block.fractionLost / 256 };
      }
      case 'bitrate-estimate':
        return { ...NO_FEEDBACK, estimate: packet.bitsPerSecond };
      case 'source-description':
      case 'bye':
      case 'transport-feedback':
        return NO_FEEDBACK;
      default:
        return assertNever(packet);
    }
  }

  /** Our next sender report, without report blocks; `undefined` before the first packet. */
  report(now: Milli): SenderReport | undefined {
    const line = {
      ssrc: this.ssrc,
      clockRate: VIDEO_CLOCK,
      clock: this.#clock,
      timeline: this.#timeline,
      timestamps: this.#timestamps,
      last: this.#last,
      packetCount: this.#packetCount,
      octetCount: this.#octetCount,
    };
    return senderReport(line, now);
  }

  #onNack(lost: readonly number[], now: Milli): VideoFeedback {
    const way = { roundTrip: this.#roundTrip.smoothed ?? 0, loss: this.#header.loss, queue: this.wayQueue };
    const { packets, first, keyframe } = this.#resender.answer(lost, now, way);
    this.#header.onLost(first, now);
    return { resend: packets, keyframe };
  }

  /** Never at or before the last one: a picture repeated during a hold may carry any timestamp. */
  #outputTimestamp(input: RtpTicks, now: Milli): RtpTicks {
    const timestamp = this.#timestamps.map(input, now);
    if (!this.#last || ticksBetween(this.#last.timestamp, timestamp) > 0) return timestamp;
    return addTicks(this.#last.timestamp, 1);
  }
}
