import { randomBytes } from 'node:crypto';
import type { EncodedChunk, SendCodec } from '../../codec/codec.ts';
import { assert } from '../../errors.ts';
import { isSendCodec, type Chunk } from '../../media/chunk.ts';
import type { OutgoingPacket } from '../../rtp/packet/outgoing-packet.ts';
import { NtpClock } from '../../rtp/rtcp/ntp-clock.ts';
import { parseRtcp } from '../../rtp/rtcp/parse.ts';
import type { ReportBlock, RtcpPacket } from '../../rtp/rtcp/rtcp-packet.ts';
import { serializeRtcp } from '../../rtp/rtcp/serialize.ts';
import { AudioForwarder } from '../../rtp/send/audio-forwarder.ts';
import { SourceClock, type MediaTimeline } from '../../rtp/source-clock.ts';
import { AUDIO_CLOCK, VIDEO_CLOCK, wallClock, type Clock, type Milli } from '../../time.ts';
import { CNAME } from '../transport/sdp/answer.ts';
import type { ArrivedPacket, NegotiatedMedia } from '../transport/transport.ts';
import { Alarm } from './alarm.ts';
import { Inbound } from './inbound.ts';
import type { LineFigures } from './figures/figure-counts.ts';
import { Outbound } from './out/outbound.ts';
import { Steady } from './out/steady.ts';

/** Reports go out this often; the receiver's sense of sound and picture being in step rests on them. */
const REPORT_INTERVAL: Milli = 1000;

export interface MediaLinesOptions {
  readonly media: readonly NegotiatedMedia[];
  /** Most bits a second of video on the way back. */
  readonly bitrate: number;
  readonly clock: Clock;
  readonly sendRtp: (packet: Uint8Array) => void;
  readonly sendRtcp: (packet: Uint8Array) => void;
  readonly onChunk: (chunk: Chunk) => void;
  /** The peer wants a keyframe; at most each 300 ms. */
  readonly onKeyframeWanted: () => void;
  /** The way to the peer carries more or less than before. */
  readonly onBitrate: (bitsPerSecond: number) => void;
  /** A packet of the caller's sound came. */
  readonly onSound: (packet: ArrivedPacket) => void;
  readonly onSent: (decodable: Milli, now: Milli) => void;
  /** A picture was given up because too much waits to be sent, or because it waited through an interruption. */
  readonly onGivenUp: (reason: 'no-credit' | 'backlog') => void;
  /** What is due by time threw; the lines cannot go on. */
  readonly onError: (error: unknown) => void;
}

/**
 * All RTP of one session: video in and out, sound passed through, feedback and reports. Does nothing by itself but at
 * the instants that its parts name, by one timer.
 */
export class MediaLines {
  readonly #options: MediaLinesOptions;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound | undefined;
  readonly #audio: AudioForwarder | undefined;
  /** False where sound is only received: then it is for those who watch. */
  readonly #sendsAudio: boolean;
  readonly #audioTypes: ReadonlySet<number>;
  /** Of the caller's video and sound. */
  readonly timelines: { readonly video: MediaTimeline; readonly audio: MediaTimeline };
  readonly #source = new SourceClock();
  readonly #ssrc: number;
  readonly #steady = new Steady<{ readonly chunk: EncodedChunk; readonly decodable: Milli }>();
  readonly #alarm: Alarm;
  #reportAt: Milli;
  /** Fraction of the caller's video packets that was lost before our last report. */
  #lossIn = 0;

  constructor(options: MediaLinesOptions) {
    const { media, clock } = options;
    this.#options = options;
    const ntp = new NtpClock(wallClock() - clock.now());
    const video = media.find(({ kind }) => kind === 'video');
    assert(video, 'a session has a video line');
    const audio = media.find(({ kind }) => kind === 'audio');
    this.#ssrc = video.send?.ssrc ?? seed();
    const timeline = this.#source.timeline(VIDEO_CLOCK);
    this.timelines = { video: timeline, audio: this.#source.timeline(AUDIO_CLOCK) };
    this.#inbound = new Inbound({
      media: video,
      senderSsrc: this.#ssrc,
      timeline,
      onChunk: options.onChunk,
      onFeedback: (feedback) => this.#sendRtcp(feedback),
      // What was on its way to the caller then is lost too.
      onInterrupted: (now) => this.#outbound?.resume(now),
    });
    if (video.send !== undefined) {
      const { mid, send, extensions } = video;
      const codec = sendCodecOf(send.codec.name);
      this.#outbound = new Outbound({ ...options, send, codec, mid, extensions, clock: ntp, timeline, seed: seed() });
    }
    this.#audioTypes = new Set(audio?.receive.map(({ payloadType }) => payloadType));
    this.#sendsAudio = audio?.send !== undefined;
    this.#audio = audio && forwarder(audio, ntp, this.timelines.audio);
    this.#alarm = new Alarm(clock, (now) => this.#ring(now));
    this.#reportAt = clock.now() + REPORT_INTERVAL;
    this.#alarm.set(this.#reportAt);
  }

  /** Counts since the start, and the way as it is; loss on the way out is that since the last call. */
  takeFigures(): LineFigures {
    const outbound = this.#outbound;
    return {
      received: this.#inbound.figures,
      lossIn: this.#lossIn,
      roundTrip: this.#roundTrip,
      sent: outbound && { ...outbound.figures, loss: outbound.takeLoss() },
    };
  }

  /** What the encoder may spend now, bits a second; `undefined` if nothing is sent. */
  get encoderBitrate(): number | undefined {
    return this.#outbound?.encoderBitrate;
  }

  set bitrate(maximum: number) {
    if (this.#outbound !== undefined) this.#outbound.bitrate = maximum;
  }

  onRtp({ data, arrived }: ArrivedPacket): void {
    // The sections of a BUNDLE group have different payload types, so these tell the lines apart (RFC 9143 §9.2).
    if (this.#audioTypes.has((data[1] ?? 0) & 0x7f)) {
      this.#inbound.noteSequence(data, arrived);
      const packet = this.#audio?.forward(data, arrived);
      if (packet !== undefined && this.#sendsAudio) this.#sendAudio(packet, arrived);
      this.#options.onSound({ data, arrived });
    } else this.#inbound.onRtp(data, arrived);
    this.#pump(arrived);
  }

  onRtcp({ data, arrived }: ArrivedPacket): void {
    for (const packet of parseRtcp(data)) {
      this.#inbound.onRtcp(packet, arrived);
      this.#audio?.onRtcp(packet, arrived);
      this.#outbound?.onRtcp(packet, arrived);
    }
    const roundTrip = this.#roundTrip;
    if (roundTrip !== undefined) this.#inbound.roundTrip = this.#source.roundTrip = roundTrip;
    this.#pump(arrived);
  }

  /** Sends an encoded picture, now or as soon as the path's latency wants it. */
  send(chunk: EncodedChunk, times: { readonly decodable: Milli; readonly deadline: Milli }): void {
    const now = this.#options.clock.now();
    this.#steady.push({ chunk, decodable: times.decodable }, { ...times, now });
    this.#pump(now);
  }

  /** Asks the peer for a keyframe; at most each 500 ms. */
  requestKeyframe(): void {
    const now = this.#options.clock.now();
    this.#inbound.requestKeyframe(now);
    this.#pump(now);
  }

  /** The owner of the session wants a keyframe on the way back. */
  wantKeyframe(): void {
    const now = this.#options.clock.now();
    this.#outbound?.requestKeyframe(now);
    this.#pump(now);
  }

  /** Says goodbye and stops. Idempotent. */
  close(): void {
    this.#alarm.clear();
    this.#sendRtcp([{ type: 'bye', ssrcs: this.#sources() }]);
  }

  #ring(now: Milli): void {
    try {
      this.#pump(now);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Everything that is due, and the instant of what is due next. */
  #pump(now: Milli): void {
    this.#inbound.poll(now);
    for (const { chunk, decodable } of this.#steady.due(now)) this.#outbound?.chunk(chunk, decodable, now);
    for (const { data } of this.#outbound?.poll(now) ?? []) this.#options.sendRtp(data);
    if (now >= this.#reportAt) {
      this.#reportAt = now + REPORT_INTERVAL;
      this.#report(now);
    }
    const outboundAt = this.#outbound?.nextAt ?? Infinity;
    this.#alarm.set(Math.min(this.#reportAt, this.#inbound.nextAt, this.#steady.nextAt, outboundAt));
  }

  get #roundTrip(): Milli | undefined {
    return this.#outbound?.roundTrip ?? this.#audio?.roundTrip;
  }

  #sendAudio(packet: OutgoingPacket, now: Milli): void {
    if (this.#outbound !== undefined) this.#outbound.audio(packet, now);
    else this.#options.sendRtp(packet.data);
  }

  #report(now: Milli): void {
    const block = this.#inbound.report(now);
    this.#lossIn = (block?.fractionLost ?? 0) / 256;
    const blocks = [block, this.#audio?.receptionReport(now)].filter((each): each is ReportBlock => each !== undefined);
    const video = this.#outbound?.report(now);
    const audio = this.#sendsAudio ? this.#audio?.report(now) : undefined;
    const packets: RtcpPacket[] = [
      video ? { ...video, reports: blocks } : { type: 'receiver-report', ssrc: this.#ssrc, reports: blocks },
      ...(audio ? [audio] : []),
      { type: 'source-description', names: this.#sources().map((ssrc) => ({ ssrc, cname: CNAME })) },
    ];
    this.#sendRtcp(packets);
  }

  #sources(): number[] {
    return [this.#ssrc, ...(this.#audio && this.#sendsAudio ? [this.#audio.ssrc] : [])];
  }

  #sendRtcp(packets: readonly RtcpPacket[]): void {
    this.#options.sendRtcp(serializeRtcp(packets));
  }
}

function forwarder(audio: NegotiatedMedia, clock: NtpClock, timeline: MediaTimeline): AudioForwarder | undefined {
  const [received] = audio.receive;
  if (received === undefined) return undefined;
  const { send } = audio;
  return new AudioForwarder({
    receivePayloadType: received.payloadType,
    ssrc: send?.ssrc ?? seed(),
    payloadType: send?.codec.payloadType ?? received.payloadType,
    extensions: { ids: audio.extensions, mid: audio.mid },
    clock,
    timeline,
    seed: seed(),
  });
}

function sendCodecOf(name: string): SendCodec {
  assert(isSendCodec(name), 'the transport negotiates a codec that can be sent');
  return name;
}

/** Random 32 bits. */
function seed(): number {
  return randomBytes(4).readUInt32BE(0);
}
