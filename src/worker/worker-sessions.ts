import { assert, GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { MediaSession } from '../session/io/media-session.ts';
import type { Seen } from '../session/io/viewers/audience.ts';
import { Viewer } from '../session/io/viewers/viewer.ts';
import type { FromPixel, WornCast } from '../session/pixel.ts';
import type { SessionSettings } from '../session/settings.ts';
import { answerFragment, parseFragment, restarted, ufragOf } from '../session/transport/sdp/fragment.ts';
import type { SharedDoors } from '../session/transport/shared-doors.ts';
import type { CreateTransport } from '../session/transport/create-transport.ts';
import type { TransportSettings } from '../session/transport/transport-settings.ts';
import type { Clock } from '../time.ts';
import type { PixelCrew, PixelSeat } from './threads/pixel-crew.ts';
import type { Channel } from './wire/channel.ts';
import { FedSession } from './feed/fed-session.ts';
import { SessionFeed } from './feed/session-feed.ts';
import type { FedChunk, FedSessionOptions } from './wire/feed-protocol.ts';
import type { MediaWorkerSettings, SessionNotice, WorkerHeld } from './wire/protocol.ts';

export interface WorkerSessionsOptions {
  readonly crew: PixelCrew;
  readonly settings: MediaWorkerSettings;
  /** What the recogniser makes of a face; rejects where it cannot say. */
  readonly recognise: (crop: Uint8Array) => Promise<Float32Array>;
  /** Owned by the sessions from now on. */
  readonly doors: SharedDoors;
  readonly createTransport: CreateTransport;
  readonly channel: Channel;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The sessions of one media worker, by id: joins each one's I/O half with a pixel thread and with the gateway. Owns them. */
export class WorkerSessions {
  readonly #options: WorkerSessionsOptions;
  readonly #reach: TransportSettings;
  readonly #sessions = new Map<string, { readonly media: MediaSession; readonly seat: PixelSeat }>();
  readonly #viewers = new Map<string, Viewer>();
  /** Sessions here that are watched from other workers too, and sessions of other workers that are watched from here. */
  readonly #feeds = new Map<string, SessionFeed>();
  readonly #fed = new Map<string, FedSession>();
  /** The last offer of each viewer. */
  readonly #offers = new Map<string, string>();

  constructor(options: WorkerSessionsOptions) {
    this.#options = options;
    this.#reach = { ...options.doors.settings, unasked: options.settings.codecs.send };
  }

  /** What is open. */
  get count(): Pick<WorkerHeld['objects'], 'sessions' | 'viewers' | 'feeds'> {
    return {
      sessions: this.#sessions.size,
      viewers: this.#viewers.size,
      feeds: this.#feeds.size + this.#fed.size,
    };
  }

  /** @throws GatewayError worker_lost if no pixel thread is there */
  open(id: string, settings: SessionSettings, { identity = null, wearers = [] }: WornCast): void {
    assert(!this.#sessions.has(id), 'a session is opened once');
    const seat = this.#options.crew.seat(id, {
      onMessage: (message) => {
        if (message.type === 'recognise') void this.#recognise(message, seat);
        else this.#sessions.get(id)?.media.onPixel(message);
      },
      onLost: () => this.#fail(id, 'worker_lost', 'the pixel thread of this session is gone; connect again'),
    });
    const { clock, createTransport } = this.#options;
    const { codec, maximumSide, watched } = settings;
    const media = new MediaSession({
      id,
      settings,
      ...{ identity, wearers },
      rates: this.#options.settings.limits,
      clock,
      createTransport: (events) =>
        createTransport(
          { ...this.#reach, maximumSide, receiveOnly: watched, ...(codec === undefined ? {} : { codec }) },
          events,
          clock,
        ),
      pixel: { send: (message, transfer) => seat.post(message, transfer) },
      events: {
        onState: (state, reason) => {
          this.#tell({ kind: 'state', session: id, state, reason });
          if (state === 'closed') this.#forget(id);
        },
        onFace: (event, face) => this.#tell({ kind: 'face', session: id, event, id: face }),
        onFigures: (figures) => this.#tell({ kind: 'figures', session: id, figures }),
        onFailed: (code, message) => this.#fail(id, code, message),
      },
    });
    this.#sessions.set(id, { media, seat });
  }

  /** Opens a viewer. @throws GatewayError session_unknown, state_invalid */
  watch(id: string, watched: string): void {
    assert(!this.#viewers.has(id), 'a viewer is opened once');
    const { clock, createTransport } = this.#options;
    const what = this.#fed.get(watched)?.watched ?? this.#get(watched).watched;
    const viewer = new Viewer({
      watched: what,
      clock,
      createTransport: (events) => createTransport({ ...this.#reach, codec: what.codec }, events, clock),
      onState: (state, reason) => {
        this.#tell({ kind: 'state', session: id, state, reason });
        if (state === 'closed') this.#forgetViewer(id);
      },
      onFailed: (code, message) => {
        this.#options.log.warn({ session: id, code }, 'viewer failed');
        this.#tell({ kind: 'failed', session: id, code, message });
      },
    });
    this.#viewers.set(id, viewer);
  }

  /** From now on the gateway is told of all that viewers of a session get. @throws GatewayError session_unknown, state_invalid */
  feed(id: string): FedSessionOptions {
    const { channel, clock } = this.#options;
    const known = this.#feeds.get(id);
    if (known !== undefined) return known.options;
    const feed = new SessionFeed(id, { watched: this.#get(id).watched, channel, clock });
    this.#feeds.set(id, feed);
    return feed.options;
  }

  unfeed(id: string): void {
    this.#feeds.get(id)?.close();
    this.#feeds.delete(id);
  }

  /** A session of another worker can be watched from now on. */
  fed(id: string, options: FedSessionOptions): void {
    assert(!this.#fed.has(id), 'a session is fed once');
    const { channel, clock } = this.#options;
    const onKeyframeWanted = (): void => channel.notify({ type: 'want-keyframe', body: { session: id } });
    this.#fed.set(id, new FedSession(options, { clock, onKeyframeWanted }));
  }

  unfed(id: string): void {
    this.#fed.get(id)?.close();
    this.#fed.delete(id);
  }

  /** A chunk of another worker's session. */
  fedChunk({ session, decodable, clock, ...head }: FedChunk, data: Uint8Array): void {
    this.#fed.get(session)?.chunk({ ...head, data }, { decodable, clock });
    this.#options.channel.notify({ type: 'taken', body: { session } });
  }

  /** A packet of its sound. */
  fedSound(session: string, seen: Seen): void {
    this.#fed.get(session)?.sound(seen);
  }

  /** @throws GatewayError session_unknown, and those of session or viewer */
  async answer(id: string, sdp: string): Promise<string> {
    const viewer = this.#viewers.get(id);
    if (viewer === undefined) return this.#get(id).answer(sdp);
    const answer = await viewer.answer(sdp);
    this.#offers.set(id, sdp);
    return answer;
  }

  /**
   * Takes a fragment of trickle ICE. Gives the one that answers it where it restarts ICE, else null.
   * @throws GatewayError session_unknown, offer_invalid, unsupported
   */
  async patch(id: string, text: string): Promise<string | null> {
    const fragment = parseFragment(text);
    const offer = this.#offers.get(id) ?? this.#get(id).lastOffer;
    if (fragment.ufrag === undefined || fragment.ufrag === ufragOf(offer)) {
      for (const { line, mid } of fragment.candidates) this.addCandidate(id, line, mid);
      return null;
    }
    return answerFragment(await this.answer(id, restarted(offer, fragment)));
  }

  /** @throws GatewayError session_unknown, closed */
  change(id: string, settings: SessionSettings, cast: WornCast): Promise<void> {
    return this.#get(id).change(settings, cast);
  }

  addCandidate(id: string, candidate: string, mid: string): void {
    (this.#viewers.get(id) ?? this.#sessions.get(id)?.media)?.addCandidate(candidate, mid);
  }

  requestKeyframe(id: string): void {
    this.#sessions.get(id)?.media.requestKeyframe();
  }

  /** Idempotent. */
  close(id: string): void {
    this.#viewers.get(id)?.close();
    this.#forgetViewer(id);
    this.#sessions.get(id)?.media.close();
    this.#forget(id);
  }

  /** Ends all sessions; their peers are told. */
  closeAll(): void {
    for (const id of [...this.#viewers.keys(), ...this.#sessions.keys()]) this.close(id);
    this.#options.doors.close();
  }

  #get(id: string): MediaSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new GatewayError('session_unknown', 'the session must be open in this worker');
    return session.media;
  }

  /** Asks whose face it is. A recogniser that is busy or broken leaves it open: it is asked again, ever more seldom. */
  async #recognise({ session, face, crop }: Extract<FromPixel, { type: 'recognise' }>, seat: PixelSeat): Promise<void> {
    const embedding = await this.#options.recognise(crop).catch((error: unknown) => {
      this.#options.log.warn({ session, err: error }, 'a face could not be looked at by the recogniser');
      return null;
    });
    if (this.#sessions.has(session)) seat.post({ type: 'recognised', session, face, embedding }, []);
  }

  // The gateway hears of the failure before it hears that the transport is closed, so that it can say why.
  #fail(id: string, code: string, message: string): void {
    if (!this.#sessions.has(id)) return;
    this.#options.log.warn({ session: id, code }, 'session failed');
    this.#tell({ kind: 'failed', session: id, code, message });
    this.close(id);
  }

  #forget(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    this.unfeed(id);
    session.seat.leave();
  }

  #forgetViewer(id: string): void {
    this.#viewers.delete(id);
    this.#offers.delete(id);
  }

  #tell(notice: SessionNotice): void {
    const { channel } = this.#options;
    // Figures are replaced by those of the next second; everything else must arrive.
    if (notice.kind === 'figures') channel.notifyIfRoom({ type: 'session', body: notice });
    else channel.notify({ type: 'session', body: notice });
  }
}
