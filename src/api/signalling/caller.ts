import { assertNever, GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { IceServerSettings } from '../../config/network.ts';
import { wallClock, type Clock, type Milli } from '../../time.ts';
import type { RemoteSession } from '../../worker/supervisor/remote-session.ts';
import type { Supervisor } from '../../worker/supervisor/supervisor.ts';
import type { ChosenCast, ChosenIdentity } from '../../worker/wire/cast-bytes.ts';
import type { SessionFigures, SessionSettings } from '../../worker/wire/protocol.ts';
import { Permit } from '../access/access.ts';
import { identityFor, limitedBy, settingsFor, withLook, type Allowed } from '../choices/choices.ts';
import { firstCast } from '../choices/first-cast.ts';
import { wearersFor } from '../choices/wearers.ts';
import type { IdentityStore } from '../http/identity-store.ts';
import type { Metrics } from '../http/metrics.ts';
import { PROTOCOL_VERSION, type ClientMessage, type ServerMessage, type WearerChoice } from '../messages.ts';
import { endsSession, retryAfter } from './consequences.ts';
import { iceServersFor } from './ice-servers.ts';
import { toStatistics } from './figures.ts';
import { readMessage } from './read-message.ts';
import { TokenBucket } from './token-bucket.ts';

/** Messages a second: a slider that is dragged sends 60. */
const MESSAGE_RATE = { rate: 100, burst: 200 };
/** Messages that may wait for the one before, e.g. changes behind an offer. */
const MAXIMUM_WAITING = 64;
/** Candidates that are kept until the session is open; a browser has up to about 20. */
const MAXIMUM_EARLY = 32;
/** Who has not said hello by then is not a caller. */
export const HELLO_LIMIT: Milli = 10_000;

/** WebSocket close codes (RFC 6455 §7.4.1). */
export const CLOSE = { normal: 1000, goingAway: 1001, protocol: 1002, refused: 1008, tooLarge: 1009 } as const;

/** The socket, as far as a caller needs it. */
export interface CallerSocket {
  send(message: ServerMessage): void;
  /** False if so much waits to be sent that figures are better left out. */
  readonly hasRoom: boolean;
  close(code: number): void;
}

export interface CallerOptions {
  readonly supervisor: Pick<Supervisor, 'openSession' | 'maskIds'>;
  readonly store: IdentityStore;
  readonly metrics: Metrics;
  /** What the bearer of this token may do; without one, what this socket may do without. @throws GatewayError token_… */
  readonly permit: (token: string | undefined) => Promise<Permit>;
  readonly allowed: Allowed;
  readonly iceServers: IceServerSettings;
  readonly clock: Clock;
  readonly log: Logger;
}

type State =
  | { readonly name: 'greeting'; readonly timer: NodeJS.Timeout }
  /** `hello` is being answered; `leave` ends what waits for a place. */
  | { readonly name: 'opening'; readonly leave: AbortController }
  | { readonly name: 'open'; readonly session: RemoteSession; readonly settings: SessionSettings }
  | { readonly name: 'closed' };

type Candidate = Extract<ClientMessage, { type: 'candidate' }>;
type Hello = Extract<ClientMessage, { type: 'hello' }>;
type Change = Extract<ClientMessage, { type: 'change' }>;

/** One socket and its one session. It closes the session when the socket closes, and the socket when the session is over. */
export class Caller {
  readonly #socket: CallerSocket;
  readonly #options: CallerOptions;
  readonly #bucket: TokenBucket;
  #state: State;
  #identity: string | null = null;
  #permit = new Permit();
  /** How far the session was degraded when its owner was last told. */
  #level = 0;
  /** Candidates that came before the session was open. */
  readonly #early: Candidate[] = [];
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(socket: CallerSocket, options: CallerOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#bucket = new TokenBucket(MESSAGE_RATE, options.clock);
    const tooLate = (): void => this.fail(new GatewayError('timed_out', 'hello must be the first thing said'));
    this.#state = { name: 'greeting', timer: setTimeout(tooLate, HELLO_LIMIT) };
  }

  /** Takes one message of the socket. Never throws. */
  receive(text: string): void {
    if (this.#state.name === 'closed') return;
    if (!this.#bucket.take()) {
      this.fail(new GatewayError('rate_limited', `messages must be fewer than ${MESSAGE_RATE.rate} a second`));
      return;
    }
    const message = this.#read(text);
    if (message === undefined) return;
    // These need no answer and must not wait behind an offer that takes its time.
    if (message.type === 'bye') {
      this.end(CLOSE.normal);
    } else if (message.type === 'candidate' || message.type === 'keyframe') {
      this.#tell(message);
    } else if (this.#waiting >= MAXIMUM_WAITING) {
      this.#refuse(new GatewayError('rate_limited', 'messages must wait for the answers to those before'));
    } else {
      this.#waiting++;
      this.#turn = this.#turn.then(() => this.#inTurn(message));
    }
  }

  /** The socket is gone, or the gateway goes. Idempotent; settles when the session is closed in its worker. */
  async close(): Promise<void> {
    const state = this.#state;
    if (state.name === 'greeting') clearTimeout(state.timer);
    this.#state = { name: 'closed' };
    if (state.name === 'opening') state.leave.abort();
    if (state.name === 'open') await state.session.close();
  }

  /** Closes session and socket. */
  end(code: number): void {
    if (this.#state.name === 'closed') return;
    void this.close();
    this.#socket.close(code);
  }

  /** Says what is wrong, then closes session and socket. */
  fail(error: GatewayError, code: number = CLOSE.refused): void {
    if (this.#state.name === 'closed') return;
    const { code: name, message } = error;
    const retry = retryAfter(error);
    this.#options.metrics.sessionFailed(name);
    this.#socket.send({ type: 'error', code: name, message, fatal: true, ...(retry === undefined ? {} : { retry }) });
    this.end(code);
  }

  #read(text: string): ClientMessage | undefined {
    try {
      return readMessage(text);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      if (error.code === 'protocol_version') this.fail(error, CLOSE.protocol);
      else this.#refuse(error);
      return undefined;
    }
  }

  async #inTurn(message: Exclude<ClientMessage, { type: 'bye' | 'candidate' | 'keyframe' }>): Promise<void> {
    this.#waiting--;
    // A message that waited while the socket closed has nobody to answer to.
    if (this.#state.name === 'closed') return;
    try {
      switch (message.type) {
        case 'hello':
          return await this.#open(message);
        case 'offer':
          return await this.#offer(message.sdp);
        case 'change':
          return await this.#change(message);
        default:
          assertNever(message);
      }
    } catch (error) {
      this.#answerError(error);
    }
  }

  #answerError(error: unknown): void {
    if (!(error instanceof GatewayError)) {
      this.#options.log.error({ err: error }, 'message could not be answered');
      this.fail(new GatewayError('internal', 'something inside went wrong'));
    } else if (endsSession(error) || this.#state.name === 'opening') {
      this.fail(error);
    } else {
      this.#refuse(error);
    }
  }

  #refuse(error: GatewayError): void {
    if (this.#state.name === 'closed') return;
    this.#socket.send({ type: 'error', code: error.code, message: error.message, fatal: false });
  }

  async #open(hello: Hello): Promise<void> {
    if (this.#state.name !== 'greeting') throw new GatewayError('state_invalid', 'hello must be said once');
    clearTimeout(this.#state.timer);
    const leave = new AbortController();
    this.#state = { name: 'opening', leave };
    const { supervisor, metrics } = this.#options;
    const permit = await this.#options.permit(hello.token);
    permit.require('publish');
    if (permit.room !== undefined) throw new GatewayError('forbidden', 'a token for a room opens no other session');
    if (!this.#isOpening()) return;
    this.#permit = permit;
    const allowed = limitedBy(this.#options.allowed, permit);
    const settings = settingsFor(hello, allowed);
    const { missing, worn, ...cast } = firstCast(
      { identity: permit.identity ?? hello.identity, wearers: hello.wearers },
      { identity: (id) => this.#find(id), wearers: (wearers) => this.#wearersFor(wearers, settings) },
    );
    this.#identity = worn;
    const onPosition = (position: number): void => this.#socket.send({ type: 'waiting', position });
    const waiting = hello.wait ? { onPosition, signal: leave.signal } : undefined;
    const session = await supervisor.openSession(settings, { ...cast, events: this.#sessionEvents(), waiting });
    if (!this.#isOpening()) {
      await session.close();
      return;
    }
    this.#state = { name: 'open', session, settings };
    metrics.sessionOpened();
    for (const { candidate, mid } of this.#early.splice(0)) session.addCandidate(candidate, mid);
    const { policies, labelOptional } = allowed;
    this.#socket.send({
      type: 'created',
      version: PROTOCOL_VERSION,
      session: session.id,
      policies: [...policies],
      labelOptional,
      swap: settings.swap,
      iceServers: iceServersFor(session.id, this.#options.iceServers, wallClock()),
    });
    if (missing !== undefined) this.#refuse(missing);
  }

  // Closing may have overtaken an await; the compiler remembers the state from before it.
  #isOpening(): boolean {
    return this.#state.name === 'opening';
  }

  /** Whom a token names, only one that also grants control may change. @throws GatewayError forbidden, and as wearersFor */
  #wearersFor(wearers: readonly WearerChoice[], settings: SessionSettings): ChosenCast['wearers'] {
    if (this.#permit.identity !== undefined) this.#permit.require('control');
    return wearersFor(wearers, settings, (id) => this.#find(id));
  }

  #find(id: string): ChosenIdentity {
    const { supervisor, store } = this.#options;
    return identityFor(id, { store, masks: supervisor.maskIds });
  }

  async #offer(sdp: string): Promise<void> {
    const answer = await this.#openState().session.offer(sdp);
    if (this.#state.name === 'open') this.#socket.send({ type: 'answer', sdp: answer });
  }

  async #change({ identity, look, wearers }: Change): Promise<void> {
    const { session, settings } = this.#openState();
    // Whom a token names, only one that also grants control may change.
    if (identity !== undefined && this.#permit.identity !== undefined) this.#permit.require('control');
    const changed = withLook(settings, look);
    const chosen = typeof identity === 'string' ? this.#find(identity) : identity;
    await session.change(changed, { identity: chosen, wearers: wearers && this.#wearersFor(wearers, changed) });
    if (this.#state.name !== 'open') return;
    this.#state = { name: 'open', session, settings: changed };
    if (identity !== undefined) this.#identity = identity;
    this.#socket.send({ type: 'changed', identity: this.#identity });
  }

  #tell(message: Extract<ClientMessage, { type: 'candidate' | 'keyframe' }>): void {
    if (this.#state.name !== 'open') {
      // A candidate may overtake the answer to hello.
      if (message.type === 'keyframe') this.#refuse(notOpen());
      else if (this.#early.length < MAXIMUM_EARLY) this.#early.push(message);
    } else if (message.type === 'keyframe') this.#state.session.requestKeyframe();
    else this.#state.session.addCandidate(message.candidate, message.mid);
  }

  #openState(): Extract<State, { name: 'open' }> {
    if (this.#state.name !== 'open') throw notOpen();
    return this.#state;
  }

  #sessionEvents(): Parameters<Supervisor['openSession']>[1]['events'] {
    return {
      onState: (state, reason) => {
        if (this.#state.name === 'closed') return;
        this.#socket.send({ type: 'state', state, ...(reason === undefined ? {} : { reason }) });
        if (state === 'closed') this.end(CLOSE.normal);
      },
      onFace: (event, id) => {
        if (this.#state.name !== 'closed') this.#socket.send({ type: 'face', event, id });
      },
      onFigures: (figures) => this.#figures(figures),
      onEnd: (error) => this.fail(error, CLOSE.goingAway),
    };
  }

  #figures(figures: SessionFigures): void {
    this.#options.metrics.secondPassed(figures);
    if (this.#state.name === 'closed') return;
    if (figures.level !== this.#level) this.#socket.send({ type: 'degraded', level: figures.level });
    this.#level = figures.level;
    if (!this.#socket.hasRoom) return;
    this.#socket.send({ type: 'statistics', figures: toStatistics(figures) });
  }
}

function notOpen(): GatewayError {
  return new GatewayError('state_invalid', 'hello must be said, and answered by created, before this');
}
