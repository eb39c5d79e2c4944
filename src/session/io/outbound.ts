import type { EncodedChunk, SendCodec } from '../../codec/codec.ts';
import type { OutgoingPacket } from '../../rtp/packet/outgoing-packet.ts';
import type { NtpClock } from '../../rtp/rtcp/ntp-clock.ts';
import type { RtcpPacket, SenderReport } from '../../rtp/rtcp/rtcp-packet.ts';
import { LossBasedRate } from '../../rtp/send/loss-based-rate.ts';
import { Pacer } from '../../rtp/send/pacer.ts';
import { SendLog } from '../../rtp/send/send-log.ts';
import { VideoSender } from '../../rtp/send/video-sender.ts';
import type { MediaTimeline } from '../../rtp/source-clock.ts';
import type { Milli } from '../../time.ts';
import type { NegotiatedMedia } from '../transport/transport.ts';
import { KeyframeWish } from './keyframe-wish.ts';
import { LossMeter } from './loss-meter.ts';

/** Least bits a second that a picture is still worth looking at. */
const MINIMUM_BITRATE = 150_000;
/** Changes below this fraction are not worth telling the encoder. */
const BITRATE_STEP = 0.05;

export interface OutboundOptions {
  readonly send: NonNullable<NegotiatedMedia['send']>;
  readonly codec: SendCodec;
  readonly mid: string;
  readonly extensions: ReadonlyMap<string, number>;
  /** Most bits a second. */
  readonly bitrate: number;
  readonly clock: NtpClock;
  readonly timeline: MediaTimeline;
  /** Random 32 bits. */
  readonly seed: number;
  readonly onKeyframeWanted: () => void;
  readonly onBitrate: (bitsPerSecond: number) => void;
  /** The last packet of a frame has left, whose last packet had come at `decodable`. */
  readonly onSent: (decodable: Milli, now: Milli) => void;
}

/** The way out of a session: chunks to paced packets, and what the peer's feedback asks for. Sound goes through its pacer. */
export class Outbound {
  readonly #options: OutboundOptions;
  readonly #sender: VideoSender;
  readonly #log = new SendLog();
  readonly #pacer: Pacer;
  readonly #wish = new KeyframeWish();
  readonly #loss = new LossMeter();
  #rate: LossBasedRate;
  #told: number;
  /** The last packet of each frame that waits in the pacer, in order. */
  readonly #leaving: { readonly packet: OutgoingPacket; readonly decodable: Milli }[] = [];

  constructor(options: OutboundOptions) {
    const { send, codec, mid, extensions, bitrate, clock, timeline, seed } = options;
    const { codec: format, ssrc, rtxSsrc, rtxPayloadType } = send;
    this.#options = options;
    this.#sender = new VideoSender({
      codec,
      ssrc,
      payloadType: format.payloadType,
      parameters: format.parameters,
      ...(rtxSsrc !== undefined &&
        rtxPayloadType !== undefined && { rtx: { ssrc: rtxSsrc, payloadType: rtxPayloadType } }),
      extensions: { ids: extensions, mid },
      clock,
      timeline,
      seed,
    });
    this.#pacer = new Pacer({ bitrate, stamp: this.#log });
    this.#rate = newRate(bitrate, bitrate);
    this.#told = bitrate;
  }

  get nextAt(): Milli {
    return Math.min(this.#pacer.nextAt, this.#wish.nextAt);
  }

  /** Round trip to the peer; `undefined` before the first report. */
  get roundTrip(): Milli | undefined {
    return this.#sender.roundTrip;
  }

  /** Counts since the start. */
  get figures(): { readonly packets: number; readonly bytes: number; readonly resent: number } {
    return this.#sender.figures;
  }

  /** The owner's limit has changed. */
  set bitrate(maximum: number) {
    this.#rate = newRate(this.#rate.rate, maximum);
    this.#tellRate();
  }

  /** False if the chunk had to be given up because too much waits already. */
  chunk(chunk: EncodedChunk, decodable: Milli, now: Milli): boolean {
    const packets = this.#sender.send(chunk, now);
    const packet = packets.at(-1);
    if (packet === undefined) return true;
    if (!this.#pacer.push(packets)) return false;
    this.#leaving.push({ packet, decodable });
    return true;
  }

  audio(packet: OutgoingPacket): void {
    this.#pacer.push([packet]);
  }

  onRtcp(packet: RtcpPacket, now: Milli): void {
    const { resend, keyframe, estimate } = this.#sender.onRtcp(packet, now);
    if (resend.length > 0) this.#pacer.push(resend);
    if (keyframe) this.requestKeyframe(now);
    const fractionLost = this.#lossIn(packet, now);
    if (fractionLost !== undefined) this.#rate.onLoss(fractionLost, now);
    if (estimate !== undefined) this.#rate.onEstimate(estimate);
    this.#tellRate();
  }

  /** The peer wants a keyframe. */
  requestKeyframe(now: Milli): void {
    this.#wish.want();
    this.#askEncoder(now);
  }

  /** What may leave now. The caller sends it. */
  poll(now: Milli): readonly OutgoingPacket[] {
    this.#askEncoder(now);
    const packets = this.#pacer.due(now);
    for (const packet of packets) {
      const next = this.#leaving[0];
      if (packet !== next?.packet) continue;
      this.#leaving.shift();
      this.#options.onSent(next.decodable, now);
    }
    return packets;
  }

  report(now: Milli): SenderReport | undefined {
    return this.#sender.report(now);
  }

  #lossIn(packet: RtcpPacket, now: Milli): number | undefined {
    if (packet.type !== 'sender-report' && packet.type !== 'receiver-report') return undefined;
    const block = packet.reports.find(({ ssrc }) => ssrc === this.#sender.ssrc);
    return block && this.#loss.onReport(block, now);
  }

  #askEncoder(now: Milli): void {
    if (this.#wish.due(now)) this.#options.onKeyframeWanted();
  }

  #tellRate(): void {
    const { rate } = this.#rate;
    if (Math.abs(rate - this.#told) < this.#told * BITRATE_STEP) return;
    this.#told = rate;
    this.#pacer.bitrate = rate;
    this.#options.onBitrate(Math.round(rate));
  }
}

function newRate(start: number, maximum: number): LossBasedRate {
  return new LossBasedRate({ start: Math.min(start, maximum), minimum: MINIMUM_BITRATE, maximum });
}
