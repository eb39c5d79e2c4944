import { randomBytes } from 'node:crypto';
import type { EncodedChunk, SendCodec } from '../../../codec/codec.ts';
import { GatewayError } from '../../../errors.ts';
import { NtpClock } from '../../../rtp/rtcp/ntp-clock.ts';
import { parseRtcp } from '../../../rtp/rtcp/parse.ts';
import type { RtcpPacket } from '../../../rtp/rtcp/rtcp-packet.ts';
import { serializeRtcp } from '../../../rtp/rtcp/serialize.ts';
import { AudioForwarder } from '../../../rtp/send/audio-forwarder.ts';
import { onlyAsked, type AskedTimeline } from '../../../rtp/source-clock.ts';
import { nalLimit } from '../../../rtp/video/create-packetizer.ts';
import { wallClock, type Clock, type Milli } from '../../../time.ts';
import { CNAME } from '../../transport/sdp/answer.ts';
import type {
  ArrivedPacket,
  NegotiatedMedia,
  Transport,
  TransportEvents,
  TransportState,
} from '../../transport/transport.ts';
import type { Encoding } from '../../pixel.ts';
import { Alarm } from '../alarm.ts';
import { Outbound } from '../out/outbound.ts';
import type { Audience, Seen, Spectator } from './audience.ts';
import { EncodingChoice } from './encoding-choice.ts';
import { LayerLimit } from './layer-limit.ts';
import type { SmallDemand } from './small-demand.ts';

const REPORT_INTERVAL: Milli = 1000;
/** Who was too slow for a picture waits for the next keyframe; on its account one is made at most this often. */
const SLOW_INTERVAL: Milli = 3000;

/** What is watched: a session's pictures as they are encoded, and its sound. */
export interface Watched {
  readonly audience: Audience;
  /** Where a small encoding can be had beside the main one. */
  readonly small: SmallDemand<Viewer> | undefined;
  readonly codec: SendCodec;
  /** Most bits a second of its pictures. */
  readonly bitrate: number;
  /** Of its video and its sound, for reports. */
  readonly video: AskedTimeline;
  readonly audio: AskedTimeline | undefined;
  /** Payload type of its sound; `undefined` if it has none. */
  readonly soundType: number | undefined;
}

export interface ViewerOptions {
  readonly watched: Watched;
  /** Makes the transport. Called once, at once. */
  readonly createTransport: (events: TransportEvents) => Transport;
  /** `closed` comes exactly once. */
  readonly onState: (state: Exclude<TransportState, 'new'>, reason?: string) => void;
  /** It cannot go on; `closed` follows. */
  readonly onFailed: (code: string, message: string) => void;
  readonly clock: Clock;
}

/** Somebody who only watches: a way out of its own, fed by another session's encoder. Owns its transport, and ends with it. */
export class Viewer implements Spectator {
  readonly #options: ViewerOptions;
  readonly #transport: Transport;
  readonly #layers: LayerLimit;
  readonly #choice = new EncodingChoice();
  readonly #alarm: Alarm;
  #outbound: Outbound | undefined;
  #audio: AudioForwarder | undefined;
  #sources: readonly number[] = [];
  #reportAt: Milli = 0;
  /** Nothing can be shown before the next one. */
  #awaitsKeyframe = true;
  #slowAt: Milli = -Infinity;
  #askedAt: Milli = -Infinity;
  #left = 0;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#layers = new LayerLimit(options.watched.audience.rates);
    this.#alarm = new Alarm(options.clock, (now) => this.#guard(() => this.#pump(now)));
    this.#transport = options.createTransport({
      // A viewer sends no media; what claims to be some is not looked at.
      onRtp: () => undefined,
      onRtcp: (packet) => this.#guard(() => this.#onRtcp(packet)),
      onState: (state, reason) => this.#onState(state, reason),
    });
    // From now on, so that one that is still connecting ends with the session too.
    options.watched.audience.add(this);
  }

  /** Pictures that were left out because the way carries fewer. */
  get thinned(): number {
    return this.#left;
  }

  /**
   * Takes an SDP offer that only receives, gives the answer. A later offer may restart ICE.
   * @throws GatewayError offer_invalid, no_video, no_codec, capacity_full, closed
   */
  async answer(offer: string): Promise<string> {
    const { sdp, media } = await this.#transport.answer(offer);
    const { codec } = this.#options.watched;
    const video = media.find(({ kind }) => kind === 'video');
    if (video?.send === undefined) throw new GatewayError('no_video', 'the offer must receive video');
    const { name, parameters } = video.send.codec;
    if (name !== codec || nalLimit(codec, parameters) !== undefined) {
      const how = codec === 'h264' ? ', in packetization mode 1' : '';
      throw new GatewayError('no_codec', `the offer must have the codec of what is watched${how} [codec:${codec}]`);
    }
    if (this.#outbound === undefined)
      this.#open(
        video,
        media.find(({ kind }) => kind === 'audio'),
      );
    return sdp;
  }

  addCandidate(candidate: string, mid: string): void {
    this.#guard(() => this.#transport.addCandidate(candidate, mid));
  }

  /** A picture has been encoded. Never throws. */
  chunk(chunk: EncodedChunk, decodable: Milli, encoding: Encoding): void {
    this.#guard(() => this.#take(chunk, decodable, encoding));
  }

  /** A packet of the session's sound has come. Never throws. */
  sound({ data, arrived }: Seen): void {
    if (this.#transport.state === 'connected') this.#guard(() => this.#hear(data, arrived));
  }

  /** Idempotent. */
  close(): void {
    if (this.#sources.length > 0) this.#sendRtcp([{ type: 'bye', ssrcs: this.#sources }]);
    this.#transport.close();
  }

  #take(chunk: EncodedChunk, decodable: Milli, encoding: Encoding): void {
    const outbound = this.#outbound;
    if (outbound === undefined || this.#transport.state !== 'connected') return;
    const now = this.#options.clock.now();
    const { estimate = Infinity } = outbound;
    if (!this.#isShown(chunk, encoding, estimate)) return;
    if (this.#awaitsKeyframe && !chunk.keyframe) return this.#waitForKeyframe(now);
    if (encoding === 'main' && !this.#layers.admit(chunk, estimate, now)) {
      this.#left++;
      return;
    }
    this.#awaitsKeyframe = false;
    outbound.chunk(chunk, decodable, now);
    this.#pump(now);
  }

  /** Of two encodings it gets the one that its way carries, from a keyframe of that on. */
  #isShown({ keyframe }: EncodedChunk, encoding: Encoding, estimate: number): boolean {
    const { small, audience } = this.#options.watched;
    if (small === undefined) return true;
    const now = this.#options.clock.now();
    const rate = audience.rates.upTo(2);
    const changed = encoding === 'main' && this.#choice.follow({ estimate, rate }, now);
    if (changed && this.#choice.wanted === 'small') small.need(this, estimate);
    const shown = this.#choice.admit(encoding, keyframe);
    if (this.#choice.wanted !== this.#choice.shown && (changed || now - this.#askedAt >= SLOW_INTERVAL)) {
      this.#askedAt = now;
      audience.wantKeyframe(this.#choice.wanted);
    }
    if (this.#choice.wanted === 'main' && this.#choice.shown === 'main') small.leave(this);
    return shown;
  }

  #hear(data: Uint8Array, arrived: Milli): void {
    const packet = this.#audio?.forward(data, arrived);
    if (packet === undefined) return;
    this.#outbound?.audio(packet, arrived);
    this.#pump(arrived);
  }

  /** What goes wrong with one viewer ends that viewer, not the session that it watches. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      const code = error instanceof GatewayError ? error.code : 'session_failed';
      this.#options.onFailed(code, error instanceof Error ? error.message : String(error));
      this.#transport.close();
    }
  }

  #open(video: NegotiatedMedia, audio: NegotiatedMedia | undefined): void {
    const { watched, clock } = this.#options;
    const { send } = video;
    if (send === undefined) return;
    const ntp = new NtpClock(wallClock() - clock.now());
    this.#outbound = new Outbound({
      send,
      codec: watched.codec,
      mid: video.mid,
      extensions: video.extensions,
      bitrate: watched.bitrate,
      clock: ntp,
      timeline: watched.video,
      seed: seed(),
      onKeyframeWanted: () => this.#wantKeyframe(),
      // The encoder is everybody's: a slow way takes fewer layers instead.
      onBitrate: () => undefined,
      onSent: () => undefined,
      onGivenUp: (reason) => this.#onGivenUp(reason),
    });
    if (audio?.send !== undefined && watched.soundType !== undefined) {
      this.#audio = soundOf(audio, { payloadType: watched.soundType, clock: ntp, timeline: watched.audio });
    }
    this.#sources = [send.ssrc, ...(this.#audio ? [this.#audio.ssrc] : [])];
    this.#reportAt = clock.now() + REPORT_INTERVAL;
    this.#alarm.set(this.#reportAt);
  }

  #onGivenUp(reason: 'no-credit' | 'backlog'): void {
    this.#awaitsKeyframe = true;
    if (reason === 'no-credit') this.#slowAt = this.#options.clock.now();
  }

  #waitForKeyframe(now: Milli): void {
    if (now - this.#slowAt < SLOW_INTERVAL || now - this.#askedAt < SLOW_INTERVAL) return;
    this.#askedAt = now;
    this.#options.watched.audience.wantKeyframe(this.#choice.shown);
  }

  /** Refused pictures make the way out ask for a keyframe: a way that is too slow must not make everybody's coarse. */
  #wantKeyframe(): void {
    const now = this.#options.clock.now();
    // It is not forgotten: `#waitForKeyframe` asks when it may.
    if (now - this.#slowAt < SLOW_INTERVAL) this.#awaitsKeyframe = true;
    else this.#options.watched.audience.wantKeyframe(this.#choice.shown);
  }

  #onRtcp({ data, arrived }: ArrivedPacket): void {
    for (const packet of parseRtcp(data)) {
      this.#audio?.onRtcp(packet, arrived);
      this.#outbound?.onRtcp(packet, arrived);
    }
    this.#pump(arrived);
  }

  #onState(state: TransportState, reason?: string): void {
    const { watched, onState } = this.#options;
    if (state === 'new') return;
    if (state === 'connected') watched.audience.wantKeyframe();
    else if (state === 'closed') {
      watched.audience.delete(this);
      watched.small?.leave(this);
      this.#alarm.clear();
    }
    onState(state, reason);
  }

  #pump(now: Milli): void {
    const outbound = this.#outbound;
    if (outbound === undefined || this.#transport.state === 'closed') return;
    for (const { data } of outbound.poll(now)) this.#transport.sendRtp(data);
    if (now >= this.#reportAt) this.#report(outbound, now);
    this.#alarm.set(Math.min(this.#reportAt, outbound.nextAt));
  }

  #report(outbound: Outbound, now: Milli): void {
    this.#reportAt = now + REPORT_INTERVAL;
    if (this.#choice.wanted === 'small') this.#options.watched.small?.need(this, outbound.estimate ?? Infinity);
    const reports = [outbound.report(now), this.#audio?.report(now)].filter((each) => each !== undefined);
    if (reports.length === 0) return;
    const names = this.#sources.map((ssrc) => ({ ssrc, cname: CNAME }));
    this.#sendRtcp([...reports, { type: 'source-description', names }]);
  }

  #sendRtcp(packets: readonly RtcpPacket[]): void {
    this.#transport.sendRtcp(serializeRtcp(packets));
  }
}

function soundOf(
  { mid, send, extensions }: NegotiatedMedia,
  from: { readonly payloadType: number; readonly clock: NtpClock; readonly timeline: AskedTimeline | undefined },
): AudioForwarder | undefined {
  return (
    send &&
    new AudioForwarder({
      receivePayloadType: from.payloadType,
      ssrc: send.ssrc,
      payloadType: send.codec.payloadType,
      extensions: { ids: extensions, mid },
      clock: from.clock,
      ...(from.timeline && { timeline: onlyAsked(from.timeline) }),
      seed: seed(),
    })
  );
}

/** Random 32 bits. */
function seed(): number {
  return randomBytes(4).readUInt32BE(0);
}
