import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Decoder, Encoder, EncoderSettings, SendCodec } from '../../codec/codec.ts';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { VideoCodec } from '../../media/chunk.ts';
import type { SwapBackend } from '../../schedule/backend.ts';
import { mostUrgent } from '../../schedule/lane.ts';
import type { FaceCells } from '../../swap/front/face-cells.ts';
import type { CropLanes } from '../../swap/neural/crop-lane.ts';
import type { RecipeFace } from '../../swap/neural/recipe.ts';
import type { PreparedIdentity, SwapCrop, SwappedCrop } from '../../swap/swap.ts';
import type { Clock, Milli } from '../../time.ts';
import type { FromPixel, ToPixel, WornCast, WornIdentity } from '../pixel.ts';
import type { SessionSettings } from '../settings.ts';
import type { Tracking } from './face-pass.ts';
import { PixelSession, type PixelSessionParts } from './pixel-session.ts';

/** Time between two looks at what no chunk sets off: keyframes that are waited for. Every tenth tells the figures. */
const TICK_PERIOD = 100;
const TICKS_PER_REPORT = 10;
/** Frames a second that a camera is taken to send before it has sent any. */
const USUAL_RATE = 30;

/** What a pixel thread works with. `createParts` of parts.ts gives the real ones. */
export interface PixelParts {
  readonly clock: Clock;
  /** Time that decoding a picture may take. */
  readonly decodeLimit: Milli;
  readonly backend: SwapBackend<SwapCrop, SwappedCrop>;
  /** Left out: nothing is kept before faces. */
  readonly cells?: FaceCells;
  readonly createTracker: (maximum: number) => Tracking;
  readonly createDecoder: (codec: VideoCodec) => Decoder;
  readonly createEncoder: (codec: SendCodec, settings: EncoderSettings) => Encoder;
  /** Other threads encode, while this one works on the next frame. */
  readonly encodesAside: boolean;
  /** Processor time that others have taken for this thread's models so far, ms. */
  readonly timeAside: () => Promise<Milli>;
  /** A painted mask by its name; `undefined` if there is none. */
  readonly mask: (name: string) => PreparedIdentity | undefined;
  /** Swap networks that a session may choose, where there are any. */
  readonly networks?: { readonly recipes: readonly RecipeFace[]; readonly lanes: CropLanes };
}

/** How a pixel thread speaks with the I/O thread. */
export interface PixelPort {
  /** Gives a message away; the ArrayBuffers in `transfer` go with it. */
  send(message: FromPixel, transfer?: readonly ArrayBuffer[]): void;
  /** Hands every message that has arrived meanwhile to `PixelThread.receive`, without waiting. */
  poll(): void;
}

/**
 * Runs the pixel halves of many sessions in one thread: the one whose newest frame is due first and can be in time, one
 * frame to its end, or until its faces are on their way to a swap network, then the next. A session that throws is told as
 * `failed` and closed; the others go on.
 */
export class PixelThread {
  readonly #parts: PixelParts;
  readonly #port: PixelPort;
  readonly #log: Logger;
  readonly #sessions = new Map<string, PixelSession>();
  #looking: Promise<void> | undefined;
  #landing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;

  constructor(parts: PixelParts, port: PixelPort, log: Logger) {
    this.#parts = parts;
    this.#port = port;
    this.#log = log;
  }

  /** Sessions that are open. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Begins to tell figures each second and to look after keyframes that are waited for. */
  start(): void {
    this.#timer ??= setInterval(() => this.tick(), TICK_PERIOD);
  }

  /** Takes a message. Never throws, never works on a frame: that follows in a turn of its own. */
  receive(message: ToPixel): void {
    const session = this.#sessions.get(message.session);
    if (message.type === 'open') {
      if (!session) this.#guard(message.session, () => this.#open(message));
    } else if (session) this.#guard(session.id, () => this.#tell(session, message));
    // Chunks of a session that has just ended are the ordinary case; their credits ended with it.
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#looking ?? this.#landing) await Promise.all([this.#looking, this.#landing]);
    await Promise.all([...this.#sessions.values()].map((session) => session.idle()));
  }

  /** What `start` calls ten times a second. */
  tick(): void {
    const report = ++this.#ticks % TICKS_PER_REPORT === 0;
    for (const session of this.#sessions.values()) {
      this.#guard(session.id, () => {
        session.tick();
        if (report) session.report();
      });
    }
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  #open({ session: id, settings, codec, nalLimit, identity, wearers = [] }: Extract<ToPixel, { type: 'open' }>): void {
    const { backend, clock, decodeLimit, createDecoder, createEncoder, createTracker, encodesAside, cells } =
      this.#parts;
    const { bitrate, temporalLayers } = settings;
    const neural = this.#neural(id, settings);
    const session = new PixelSession(
      id,
      {
        backend,
        clock,
        decodeLimit,
        createDecoder,
        encodesAside,
        encoder: createEncoder(codec, { bitrate, temporalLayers, ...(nalLimit !== undefined && { nalLimit }) }),
        createSmallEncoder: (bitsPerSecond) => createEncoder(codec, { bitrate: bitsPerSecond, temporalLayers }),
        tracker: createTracker(settings.faces),
        poll: () => this.#port.poll(),
        send: (message) => this.#send(message),
        onFailed: (error) => this.#fail(id, error),
        onSwapError: (error) => this.#log.error({ session: id, error }, 'swap failed'),
        ...(neural && { neural }),
        // Networks that see what is before a face see more.
        ...(cells && neural?.recipe.masks !== true && { cells }),
      },
      settings,
    );
    this.#sessions.set(id, session);
    this.#dress(session, { identity, wearers });
  }

  #tell(session: PixelSession, message: Exclude<ToPixel, { type: 'open' }>): void {
    switch (message.type) {
      case 'close':
        this.#sessions.delete(session.id);
        return session.close();
      case 'chunk':
        session.put(message.chunk);
        return this.#look();
      case 'identity':
        this.#dress(session, message);
        return this.#send({ type: 'changed', session: session.id });
      case 'recognised':
        return session.recognised(message.face, message.embedding ?? undefined);
      case 'settings':
        return session.configure(message.settings);
      case 'bitrate':
        return session.setBitrate(message.bitsPerSecond);
      case 'small':
        return session.setSmallBitrate(message.bitsPerSecond);
      case 'keyframe':
        return session.requestKeyframe(message.encoding);
    }
  }

  /**
   * The way to the swap network that the session has chosen.
   * @throws GatewayError recipe_unknown
   */
  #neural(id: string, { swap, faces, tier, tenant }: SessionSettings): PixelSessionParts['neural'] {
    if (swap === 'mesh') return undefined;
    const { recipes = [], lanes } = this.#parts.networks ?? {};
    const recipe = recipes.find(({ name }) => name === swap);
    if (!recipe || !lanes) throw new GatewayError('recipe_unknown', 'the swap must be mesh or a configured recipe');
    return {
      recipe,
      lane: lanes.open({
        ...{ recipe: swap, tier, tenant, frameRate: USUAL_RATE, faces: Math.max(1, faces) },
        onLevel: (level) => this.#sessions.get(id)?.degrade(level),
        onSpent: (time) => this.#sessions.get(id)?.spent(time),
      }),
      onBack: () => this.#land(),
    };
  }

  /** Works on what has arrived, one frame after the other. */
  #look(): void {
    this.#looking ??= this.#workOff('arrivals', (session) => session.step()).finally(() => (this.#looking = undefined));
  }

  /** Brings out what has come back from networks, also while a model looks at a frame that has arrived. */
  #land(): void {
    this.#landing ??= this.#workOff('returns', (session) => session.land()).finally(() => (this.#landing = undefined));
  }

  async #workOff(what: 'arrivals' | 'returns', work: (session: PixelSession) => Promise<void>): Promise<void> {
    for (;;) {
      // One turn of the event loop a frame: the port, timers and the models get theirs.
      await nextTurn();
      const waiting = [...this.#sessions.values()].map((session) => session[what]);
      const next = mostUrgent(waiting, this.#parts.clock.now());
      if (!next) return;
      try {
        await work(next.session);
      } catch (error) {
        this.#fail(next.session.id, error);
      }
    }
  }

  /** @throws GatewayError identity_unknown */
  #dress(session: PixelSession, { identity, wearers }: WornCast): void {
    if (identity !== undefined) session.wear(this.#resolve(identity));
    if (wearers === undefined) return;
    session.cast(
      wearers.map((one) => ({ ...one, identity: one.identity === 'own' ? 'own' : this.#resolve(one.identity) })),
    );
  }

  /** @throws GatewayError identity_unknown */
  #resolve(identity: WornIdentity): PreparedIdentity | null {
    if (typeof identity !== 'string') return identity;
    const mask = this.#parts.mask(identity.slice('mask:'.length));
    if (!mask) throw new GatewayError('identity_unknown', 'a painted mask must be one of those there are');
    return mask;
  }

  #send(message: FromPixel): void {
    if (message.type !== 'chunk') return this.#port.send(message);
    const { buffer } = message.chunk.data;
    this.#port.send(message, buffer instanceof ArrayBuffer ? [buffer] : []);
  }

  #guard(session: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(session, error);
    }
  }

  #fail(id: string, error: unknown): void {
    this.#log.error({ session: id, error }, 'session failed');
    const code = error instanceof GatewayError ? error.code : 'codec_failed';
    const message = error instanceof Error ? error.message : String(error);
    this.#port.send({ type: 'failed', session: id, code, message });
    this.#sessions.get(id)?.close();
    this.#sessions.delete(id);
  }
}
