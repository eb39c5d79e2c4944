import type { SendCodec } from '../../codec/codec.ts';
import { assertNever, GatewayError } from '../../errors.ts';
import { isSendCodec, type Chunk } from '../../media/chunk.ts';
import { nalLimit } from '../../rtp/video/create-packetizer.ts';
import type { Milli } from '../../time.ts';
import type { FromPixel, ToPixel, WornCast } from '../pixel.ts';
import type { SessionSettings } from '../settings.ts';
import type { NegotiatedMedia, Transport, TransportState } from '../transport/transport.ts';
import { ChunkGate } from './chunk-gate.ts';
import { FigureCounts } from './figures/figure-counts.ts';
import { MediaLines } from './media-lines.ts';
import type { MediaSessionOptions } from './media-session-options.ts';
import { Audience } from './viewers/audience.ts';
import { sameVideo } from './same-video.ts';
import { SenderLimits, USUAL_RATES } from './sender-limits.ts';
import { SmallDemand } from './viewers/small-demand.ts';
import type { Viewer, Watched } from './viewers/viewer.ts';

const FIGURES_INTERVAL: Milli = 1000;

/** What exists once an offer has been answered. */
interface Call {
  readonly codec: SendCodec;
  readonly video: NegotiatedMedia;
  /** Payload type of the caller's sound. */
  readonly soundType: number | undefined;
  readonly lines: MediaLines;
  readonly small: Watched['small'];
  readonly counts: FigureCounts;
  readonly timer: NodeJS.Timeout;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: GatewayError) => void;
}

/** The I/O half of one session: between its transport and its pixel half. Owns the transport, and ends with it. */
export class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #transport: Transport;
  readonly #gate = new ChunkGate();
  readonly #limits: SenderLimits;
  /** Changes of identity that the pixel half has not confirmed. */
  readonly #changes: Waiter[] = [];
  readonly #audience: Audience;
  #settings: SessionSettings;
  #cast: Required<WornCast>;
  /** The last offer that was answered. */
  #offer = '';
  #call: Call | undefined;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    this.#limits = new SenderLimits(options.rates ?? USUAL_RATES, options.clock.now());
    this.#settings = options.settings;
    this.#cast = { identity: options.identity, wearers: options.wearers ?? [] };
    this.#audience = new Audience(options.clock, (encoding) =>
      this.#toPixel({ type: 'keyframe', session: this.id, encoding }),
    );
    this.#transport = options.createTransport({
      onRtp: (packet) => this.#guard(() => this.#call?.lines.onRtp(packet)),
      onRtcp: (packet) => this.#guard(() => this.#call?.lines.onRtcp(packet)),
      onState: (state, reason) => this.#onState(state, reason),
    });
  }

  get id(): string {
    return this.#options.id;
  }

  /**
   * Takes an SDP offer, gives the SDP answer. A later offer may restart ICE, not change the video that is sent.
   * @throws GatewayError offer_invalid, no_video, no_codec, capacity_full, state_invalid, closed
   */
  async answer(offer: string): Promise<string> {
    const { sdp, media } = await this.#transport.answer(offer);
    const video = media.find(({ kind }) => kind === 'video');
    if (video === undefined || video.receive.length === 0) {
      throw new GatewayError('no_video', 'the offer must send video');
    }
    if (this.#call === undefined) this.#open(media, video);
    else if (!sameVideo(this.#call.video, video)) {
      throw new GatewayError('state_invalid', 'a later offer must keep the formats of the first');
    }
    this.#offer = offer;
    return sdp;
  }

  /**
   * What viewers watch.
   * @throws GatewayError state_invalid before the first answer
   */
  get watched(): Watched {
    const call = this.#call;
    if (call === undefined) throw new GatewayError('state_invalid', 'a session must have been answered to be watched');
    const { codec, lines, soundType, small } = call;
    const { video, audio } = lines.timelines;
    return { audience: this.#audience, small, codec, bitrate: this.#settings.bitrate, video, audio, soundType };
  }

  /** The last offer that was answered; empty before. */
  get lastOffer(): string {
    return this.#offer;
  }

  /** A trickled candidate line of the peer. */
  addCandidate(candidate: string, mid: string): void {
    this.#guard(() => this.#transport.addCandidate(candidate, mid));
  }

  /**
   * Changes settings, and what `cast` has of who is worn by whom. Resolves when the pixel half has it.
   * @throws GatewayError closed
   */
  async change(settings: SessionSettings, cast: WornCast = {}): Promise<void> {
    if (this.#transport.state === 'closed') throw new GatewayError('closed', 'the session must be open');
    this.#settings = settings;
    this.#cast = { ...this.#cast, ...cast };
    if (this.#call === undefined) return;
    this.#call.lines.bitrate = settings.bitrate;
    this.#toPixel({ type: 'settings', session: this.id, settings });
    if (cast.identity === undefined && cast.wearers === undefined) return;
    const changed = new Promise<void>((resolve, reject) => this.#changes.push({ resolve, reject }));
    this.#toPixel({ type: 'identity', session: this.id, ...cast });
    await changed;
  }

  /** The owner wants a keyframe on the way back, or those want one who watch from elsewhere. */
  requestKeyframe(): void {
    if (this.#settings.watched) this.#audience.wantKeyframe();
    else this.#call?.lines.wantKeyframe();
  }

  /** Takes a message of the pixel half for this session. */
  onPixel(message: FromPixel): void {
    const call = this.#call;
    if (call !== undefined) this.#guard(() => this.#take(message, call));
  }

  /** Ends the session and tells the peer. Idempotent. */
  close(): void {
    // While the transport can still carry the goodbye.
    this.#end();
    this.#transport.close();
  }

  #open(media: readonly NegotiatedMedia[], video: NegotiatedMedia): void {
    const { id, clock } = this.#options;
    const counts = new FigureCounts(clock.now());
    const negotiated = video.send?.codec.name ?? '';
    // Who only sends is watched by others: in the codec that the settings name.
    const codec: SendCodec = isSendCodec(negotiated) ? negotiated : (this.#settings.codec ?? 'vp8');
    const soundType = media.find(({ kind }) => kind === 'audio')?.receive[0]?.payloadType;
    const lines = new MediaLines({
      media,
      bitrate: this.#settings.bitrate,
      clock,
      sendRtp: (packet) => this.#transport.sendRtp(packet),
      sendRtcp: (packet) => this.#transport.sendRtcp(packet),
      onChunk: (chunk) => this.#onChunk(chunk),
      onKeyframeWanted: () => this.#toPixel({ type: 'keyframe', session: id }),
      onBitrate: (bitsPerSecond) => this.#toPixel({ type: 'bitrate', session: id, bitsPerSecond }),
      onSound: (packet) => this.#audience.sound(packet),
      onSent: (decodable, now) => counts.latency(now - decodable),
      onGivenUp: (reason) => counts.drops.count('send', reason),
      onError: (error) => this.#failed(error),
    });
    const timer = setInterval(() => this.#tellFigures(), FIGURES_INTERVAL);
    // VP8 and VP9 have layers that can be left out instead.
    const small =
      codec === 'h264'
        ? new SmallDemand<Viewer>(this.#settings.bitrate, (bitsPerSecond) =>
            this.#toPixel({ type: 'small', session: id, bitsPerSecond }),
          )
        : undefined;
    this.#call = { codec, video, soundType, lines, small, counts, timer };
    // Viewers must take fragments (viewers/viewer.ts).
    const limit = this.#settings.watched ? undefined : nalLimit(codec, video.send?.codec.parameters ?? '');
    this.#toPixel({
      type: 'open',
      session: id,
      settings: this.#settings,
      codec,
      ...(limit !== undefined && { nalLimit: limit }),
      ...this.#cast,
    });
    const { encoderBitrate } = lines;
    if (encoderBitrate !== undefined) this.#toPixel({ type: 'bitrate', session: id, bitsPerSecond: encoderBitrate });
  }

  #take(message: FromPixel, call: Call): void {
    switch (message.type) {
      case 'chunk':
        if (message.encoding === 'small') return this.#audience.chunk(message.chunk, message.decodable, 'small');
        call.counts.outcome(message.outcome);
        this.#audience.chunk(message.chunk, message.decodable);
        return call.lines.send(message.chunk, message);
      case 'need-keyframe':
        return call.lines.requestKeyframe();
      case 'credit':
        return this.#gate.giveBack(message.count);
      case 'face':
        return this.#options.events.onFace(message.event, message.id);
      case 'changed':
        return this.#changes.shift()?.resolve();
      case 'recognise':
        // Answered by the media worker, which has the recogniser.
        return;
      case 'figures':
        call.counts.pixel = message.figures;
        return;
      case 'failed':
        return this.#fail(message.code, message.message);
      default:
        assertNever(message);
    }
  }

  /** What goes wrong in one session ends that session, not the thread that serves many. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const code = error instanceof GatewayError ? error.code : 'session_failed';
    this.#fail(code, error instanceof Error ? error.message : String(error));
  }

  #fail(code: string, message: string): void {
    this.#options.events.onFailed(code, message);
    this.close();
  }

  #onChunk(chunk: Chunk): void {
    const call = this.#call;
    if (call === undefined) return;
    const passage = this.#gate.admit(chunk, this.#limits.admit(this.#options.clock.now()));
    if (passage === 'pass') {
      const { buffer } = chunk.data;
      const transfer = buffer instanceof ArrayBuffer ? [buffer] : [];
      this.#options.pixel.send({ type: 'chunk', session: this.id, chunk }, transfer);
      return;
    }
    call.counts.drops.count('receive', passage === 'ask' ? 'no-credit' : 'awaiting-keyframe');
    if (passage === 'ask') call.lines.requestKeyframe();
  }

  #tellFigures(): void {
    const call = this.#call;
    if (call === undefined) return;
    const figures = call.counts.read(this.#options.clock.now(), call.lines.takeFigures(), call.codec);
    this.#options.events.onFigures(figures);
    const exceeded = this.#limits.judge(figures);
    if (exceeded !== undefined) this.#fail(exceeded, 'the sender must keep to the rates that the gateway takes');
  }

  #onState(state: TransportState, reason?: string): void {
    if (state === 'new') return;
    if (state === 'closed') this.#end();
    this.#options.events.onState(state, reason);
  }

  #end(): void {
    const call = this.#call;
    this.#call = undefined;
    this.#audience.close();
    if (call !== undefined) {
      clearInterval(call.timer);
      call.lines.close();
      this.#toPixel({ type: 'close', session: this.id });
    }
    const error = new GatewayError('closed', 'the session must be open');
    for (const { reject } of this.#changes.splice(0)) reject(error);
  }

  #toPixel(message: ToPixel): void {
    this.#options.pixel.send(message, []);
  }
}
