import { assertNever } from '../../../src/errors.ts';
import {
  PROTOCOL_VERSION,
  type ClientMessage,
  type IceServer,
  type ServerMessage,
  type Statistics,
} from '../../../src/api/messages.ts';
import { Backoff } from './backoff.ts';
import { Course } from './course.ts';
import { Events } from './events.ts';
import { makeOffer, openPeer } from './peer.ts';
import { CAUSE, nextSessionState, type SessionEvent, type SessionState } from './session-state.ts';
import { Signalling } from './signalling.ts';
import { Surroundings } from './surroundings.ts';

type Hello = Extract<ClientMessage, { type: 'hello' }>;

/** Which of several faces wears whom (docs/protocol.md). */
export type Wearers = NonNullable<Hello['wearers']>;

/** Fields left out keep their default or their value. */
export type Look = NonNullable<Hello['look']>;

export type SessionOptions = Omit<Hello, 'type' | 'version' | 'identity' | 'look'>;

export type SessionEvents = {
  state: SessionState;
  /** The way back. */
  stream: MediaStream;
  statistics: Statistics;
  face: { readonly event: 'found' | 'lost' };
  /** The identity that is worn from now on. */
  changed: string | null;
  /** How far the session is degraded while there is too much for the swap networks; 0: not at all any more. */
  degraded: { readonly level: number };
  /** The gateway is going: the call ends in at most so many milliseconds, and comes back by itself once there is one again. */
  draining: { readonly within: number };
  /** `identity_unknown` after a reconnect means: upload the photo again, then `wear` the new id. */
  error: { readonly code: string; readonly message: string; readonly fatal: boolean };
};

/**
 * One swapped call: sends a camera stream, gets the swapped one back, and comes back by itself when the network or the
 * gateway was away or the computer asleep.
 */
export class Session {
  readonly events = new Events<SessionEvents>();
  readonly #url: URL;
  #options: SessionOptions;
  readonly #backoff = new Backoff();
  readonly #course: Course<SessionState, SessionEvent>;
  #camera: MediaStream;
  #identity: string | null;
  #look: Look;
  #signalling: Signalling | undefined;
  #peer: RTCPeerConnection | undefined;
  #surroundings: Surroundings | undefined;

  /** @param url of the gateway's WebSocket, e.g. `wss://host/v1/session` */
  constructor(url: URL, camera: MediaStream, options: SessionOptions & { identity: string | null; look?: Look }) {
    const { identity, look, ...rest } = options;
    this.#url = url;
    this.#camera = camera;
    this.#identity = identity;
    this.#look = look ?? {};
    this.#options = rest;
    const wait = (atLeast?: number): number => this.#backoff.next(atLeast);
    this.#course = new Course<SessionState, SessionEvent>(
      { name: 'closed' },
      {
        next: (state, event) => nextSessionState(state, event, { now: performance.now(), wait }),
        timeUp: { name: 'time-up' },
        enter: (state) => this.#enter(state),
      },
    );
  }

  get state(): SessionState {
    return this.#course.state;
  }

  /** Starts, or starts again at once. */
  open(): void {
    this.#surroundings ??= new Surroundings((event) => this.#course.take(event));
    this.#course.take({ name: 'open' });
  }

  /** Puts on another identity, or none; live, without a gap. */
  wear(identity: string | null): void {
    this.#identity = identity;
    this.#signalling?.send({ type: 'change', identity });
  }

  /** Changes strength, eyes, mouth; live. */
  setLook(look: Look): void {
    this.#look = { ...this.#look, ...look };
    this.#signalling?.send({ type: 'change', look });
  }

  /**
   * Says which of several faces wears whom; empty: everybody wears the identity. Live, unless more faces must be followed than this
   * call was opened for: then it begins anew.
   */
  setWearers(wearers: Wearers): void {
    // One face alone would be the first from either side.
    const places = wearers.map(({ position }) => (typeof position === 'number' ? Math.max(2, Math.abs(position)) : 2));
    const faces = Math.max(wearers.length, ...places);
    const more = wearers.length > 0 && faces > (this.#options.faces ?? 1);
    this.#options = { ...this.#options, wearers, ...(more && { faces }) };
    if (more) this.open();
    else this.#signalling?.send({ type: 'change', wearers });
  }

  /** Chooses what swaps the face, of `swaps` of `listChoices`: the call begins anew. */
  setSwap(swap: string): void {
    this.#options = { ...this.#options, swap };
    this.open();
  }

  /** Sends another camera from now on; a new microphone or a first one needs a new call. */
  async setCamera(camera: MediaStream): Promise<void> {
    const same = camera.getAudioTracks().length === this.#camera.getAudioTracks().length;
    this.#camera = camera;
    if (!same || !this.#peer) return this.open();
    for (const sender of this.#peer.getSenders()) {
      const track = camera.getTracks().find((candidate) => candidate.kind === sender.track?.kind);
      if (track) await sender.replaceTrack(track);
    }
  }

  /** Asks for a keyframe on the way back. */
  requestKeyframe(): void {
    if (this.state.name === 'live') this.#signalling?.send({ type: 'keyframe' });
  }

  /** The peer connection, for its own statistics. */
  get peer(): RTCPeerConnection | undefined {
    return this.#peer;
  }

  /** Idempotent. */
  close(): void {
    this.#signalling?.send({ type: 'bye' });
    this.#course.take({ name: 'close' });
  }

  #enter(state: SessionState): void {
    switch (state.name) {
      case 'connecting':
        // Who comes out of the line has been dialled, and goes on in the same session.
        if (state.admitted) break;
        this.#drop();
        this.#dial();
        break;
      case 'live':
        this.#backoff.reset();
        break;
      case 'queued':
        break;
      case 'checking':
        // A change of nothing is answered like any other.
        this.#signalling?.send({ type: 'change' });
        break;
      case 'restoring':
        this.#peer?.restartIce();
        void this.#offer(this.#peer);
        break;
      case 'waiting':
        this.#drop();
        break;
      case 'closed':
        this.#drop();
        this.#surroundings?.close();
        this.#surroundings = undefined;
        break;
      default:
        assertNever(state);
    }
    this.events.emit('state', state);
  }

  #dial(): void {
    this.#signalling = new Signalling(this.#url, {
      onMessage: (message) => void this.#hear(message),
      onClose: () => this.#course.take({ name: 'broke', cause: CAUSE.gone }),
    });
    this.#signalling.send({
      type: 'hello',
      version: PROTOCOL_VERSION,
      ...this.#options,
      ...(this.#identity === null ? {} : { identity: this.#identity }),
      look: this.#look,
    });
  }

  async #hear(message: ServerMessage): Promise<void> {
    this.#surroundings?.heard();
    switch (message.type) {
      case 'waiting':
        return this.#course.take({ name: 'queued', position: message.position });
      case 'created':
        this.#course.take({ name: 'admitted' });
        return this.#call(message.iceServers ?? []);
      case 'answer':
        await this.#peer?.setRemoteDescription({ type: 'answer', sdp: message.sdp });
        return;
      case 'changed':
        this.#course.take({ name: 'answered' });
        return this.events.emit('changed', message.identity);
      case 'statistics':
        return this.events.emit('statistics', message.figures);
      case 'degraded':
        return this.events.emit('degraded', { level: message.level });
      case 'face':
        return this.events.emit('face', { event: message.event });
      case 'draining':
        return this.events.emit('draining', { within: message.within });
      case 'state':
        if (message.state === 'closed') this.#course.take({ name: 'broke', cause: CAUSE.gone });
        return;
      case 'error':
        return this.#hearError(message);
      default:
        assertNever(message);
    }
  }

  #hearError({ code, message, fatal, retry }: Extract<ServerMessage, { type: 'error' }>): void {
    const cause = { code, message };
    // The gateway's transport cannot do what the last offer asked for, to restart ICE: a fresh session can.
    if (code === 'unsupported') return this.#course.take({ name: 'path', state: 'failed' });
    if (fatal && retry === undefined) this.#course.take({ name: 'refused', cause });
    else if (fatal) this.#course.take({ name: 'broke', cause, ...(retry !== undefined && { atLeast: retry }) });
    this.events.emit('error', { code, message, fatal });
  }

  #call(iceServers: readonly IceServer[]): Promise<void> {
    const peer = openPeer(this.#camera, iceServers, (candidate) => this.#signalling?.send(candidate));
    this.#peer = peer;
    peer.ontrack = ({ streams, track }) => this.events.emit('stream', streams[0] ?? new MediaStream([track]));
    peer.onconnectionstatechange = () => {
      const { connectionState: state } = peer;
      if (peer === this.#peer && (state === 'connected' || state === 'disconnected' || state === 'failed'))
        this.#course.take({ name: 'path', state });
    };
    return this.#offer(peer);
  }

  async #offer(peer: RTCPeerConnection | undefined): Promise<void> {
    if (peer === undefined) return;
    const sdp = await makeOffer(peer).catch((error: unknown) => {
      // One that was closed meanwhile makes no offer, and needs none.
      if (peer === this.#peer) throw error;
    });
    if (sdp !== undefined && peer === this.#peer) this.#signalling?.send({ type: 'offer', sdp });
  }

  #drop(): void {
    this.#signalling?.close();
    this.#peer?.close();
    this.#signalling = undefined;
    this.#peer = undefined;
  }
}
