import type { EncodedChunk, SendCodec } from '../../../codec/codec.ts';
import { EXTENSION_URI } from '../../../rtp/packet/extension.ts';
import { wireSize, type OutgoingPacket } from '../../../rtp/packet/outgoing-packet.ts';
import type { NtpClock } from '../../../rtp/rtcp/ntp-clock.ts';
import type { RtcpPacket, SenderReport } from '../../../rtp/rtcp/rtcp-packet.ts';
import { EncoderRate } from '../../../rtp/send/encoder-rate.ts';
import { Pacer } from '../../../rtp/send/pacer.ts';
import { VideoSender, type VideoSendFigures } from '../../../rtp/send/video-sender.ts';
import type { AskedTimeline } from '../../../rtp/source-clock.ts';
import type { Milli } from '../../../time.ts';
import type { NegotiatedMedia } from '../../transport/transport.ts';
import { KeyframeWish } from './keyframe-wish.ts';
import { WayOut } from './way-out.ts';

/** Least bits a second of a picture that is still worth looking at, and of the way that carries it. */
const LEAST_BITRATE = 100_000;
/**
 * The estimate begins here where transport-wide feedback will tell of it: just enough for 720 lines in every codec (a call that
 * begins smaller stays so for seconds), most ways carry it, and probes find out within some round trips whether they carry more.
 */
const START_ESTIMATE = 1_500_000;
/** Of the session's bitrate: with half as much again there is room for headers, sound and resends. */
const ESTIMATE_FACTOR = 1.5;

export interface OutboundOptions {
  readonly send: NonNullable<NegotiatedMedia['send']>;
  readonly codec: SendCodec;
  readonly mid: string;
  readonly extensions: ReadonlyMap<string, number>;
  /** Most bits a second that the encoder may spend. */
  readonly bitrate: number;
  readonly clock: NtpClock;
  readonly timeline: AskedTimeline;
  /** Random 32 bits. */
  readonly seed: number;
  readonly onKeyframeWanted: () => void;
  readonly onBitrate: (bitsPerSecond: number) => void;
  /** The last packet of a frame has left, whose last packet had come at `decodable`. */
  readonly onSent: (decodable: Milli, now: Milli) => void;
  /** A picture was given up because too much waits to be sent, or because it waited through an interruption. */
  readonly onGivenUp: (reason: 'no-credit' | 'backlog') => void;
}

/** The way out at one instant. */
export interface OutboundFigures extends VideoSendFigures {
  /** Bits a second that the way carries; `undefined` before the peer has said anything about it. */
  readonly estimate: number | undefined;
  /** How long the way needs for what waits to be sent. */
  readonly queue: Milli;
}

/** The way out of a session: chunks to paced packets, and what the peer's feedback asks for. Sound goes through its pacer. */
export class Outbound {
  readonly #options: OutboundOptions;
  readonly #sender: VideoSender;
  readonly #way: WayOut;
  readonly #pacer: Pacer;
  readonly #rate: EncoderRate;
  readonly #wish = new KeyframeWish();
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
    const maximum = ESTIMATE_FACTOR * bitrate;
    const start = extensions.has(EXTENSION_URI.transportSequence) ? Math.min(START_ESTIMATE, maximum) : maximum;
    this.#way = new WayOut({ ssrc, start, minimum: LEAST_BITRATE, maximum });
    this.#rate = new EncoderRate({ start, minimum: LEAST_BITRATE, maximum: bitrate });
    this.#pacer = new Pacer({
      bitrate: start,
      stamp: this.#way.log,
      padding: (bytes, now) => this.#sender.padding(bytes, now),
    });
  }

  get nextAt(): Milli {
    return Math.min(this.#pacer.nextAt, this.#wish.nextAt, this.#way.nextAt);
  }

  /** Round trip to the peer; `undefined` before the first feedback or report. */
  get roundTrip(): Milli | undefined {
    return this.#sender.roundTrip;
  }

  /** What the encoder may spend, bits a second. */
  get encoderBitrate(): number {
    return this.#rate.told;
  }

  /** Bits a second that the way carries; `undefined` before the peer has said anything about it. */
  get estimate(): number | undefined {
    return this.#way.known ? this.#way.estimate : undefined;
  }

  /** Counts since the start, and the way as it is. */
  get figures(): OutboundFigures {
    return { ...this.#sender.figures, estimate: this.estimate, queue: this.#pacer.queue };
  }

  /** The fraction of our packets, 0–1, that was lost since the last call. */
  takeLoss(): number {
    return this.#way.takeLoss();
  }

  /** The owner's limit has changed. */
  set bitrate(maximum: number) {
    this.#rate.maximum = maximum;
    this.#way.maximum = ESTIMATE_FACTOR * maximum;
  }

  /** Takes a picture in, unless too much waits already. */
  chunk(chunk: EncodedChunk, decodable: Milli, now: Milli): void {
    const packets = this.#sender.send(chunk, now);
    const packet = packets.at(-1);
    if (packet === undefined) return;
    this.#way.begin();
    const { queue } = this.#pacer;
    this.#rate.onPicture(chunk.data.length, wireSizes(packets), queue, now);
    if (this.#pacer.push(packets)) {
      this.#leaving.push({ packet, decodable });
      if (chunk.keyframe) this.#wish.onKeyframe(now);
      return;
    }
    this.#options.onGivenUp('no-credit');
    this.requestKeyframe(now);
  }

  audio(packet: OutgoingPacket, now: Milli): void {
    this.#rate.onSound(wireSize(packet), now);
    this.#pacer.push([packet]);
  }

  onRtcp(packet: RtcpPacket, now: Milli): void {
    this.#sender.wayQueue = this.#way.queue;
    const { resend, keyframe } = this.#sender.onRtcp(packet, now);
    for (const each of resend) if (this.#pacer.push([each])) this.#rate.onResent(wireSize(each), now);
    const back = this.#way.onRtcp(packet, now);
    this.#followRoundTrip();
    if (back) this.resume(now);
    else if (keyframe) this.requestKeyframe(now);
  }

  /** The peer wants a keyframe. */
  requestKeyframe(now: Milli): void {
    this.#wish.want(now);
    this.#askEncoder(now);
  }

  /** The way was interrupted: what waited through it is of no use any more, and the peer needs a keyframe. */
  resume(now: Milli): void {
    this.#pacer.clear();
    while (this.#leaving.pop() !== undefined) this.#options.onGivenUp('backlog');
    this.#wish.wantAnew();
    this.#askEncoder(now);
  }

  /** What may leave now. The caller sends it. */
  poll(now: Milli): readonly OutgoingPacket[] {
    this.#askEncoder(now);
    const probe = this.#way.poll(now);
    if (probe !== undefined) this.#pacer.probe(probe);
    this.#follow(now);
    const packets = this.#pacer.due(now);
    for (const packet of packets) {
      this.#way.onSent(packet, now);
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

  #askEncoder(now: Milli): void {
    if (this.#wish.due(now)) this.#options.onKeyframeWanted();
  }

  #followRoundTrip(): void {
    const { roundTrip: shown } = this.#way;
    if (shown !== undefined) this.#sender.shownRoundTrip = shown;
    const { roundTrip } = this.#sender;
    if (roundTrip === undefined) return;
    this.#way.onReportedRoundTrip(roundTrip);
    this.#wish.roundTrip = roundTrip;
  }

  /** Pacer and encoder follow the estimate. */
  #follow(now: Milli): void {
    const { estimate } = this.#way;
    this.#pacer.bitrate = estimate;
    this.#pacer.braked = this.#way.full;
    const bitrate = this.#rate.next(estimate, now);
    if (bitrate !== undefined) this.#options.onBitrate(bitrate);
  }
}

function wireSizes(packets: readonly OutgoingPacket[]): number {
  return packets.reduce((sum, packet) => sum + wireSize(packet), 0);
}
