import {
  PROTOCOL_VERSION,
  type ClientMessage,
  type IceServer,
  type ServerMessage,
  type Statistics,
} from '../../../src/api/messages.ts';
import { Backoff } from './backoff.ts';
import { Events } from './events.ts';
import { makeOffer, openPeer } from './peer.ts';
import { Signalling } from './signalling.ts';

export type Look = { opacity?: number; keepEyes?: boolean; keepMouth?: boolean };

export type SessionOptions = Omit<Extract<ClientMessage, { type: 'hello' }>, 'type' | 'version' | 'identity' | 'look'>;

/** `waiting`: the call broke and is tried again at `at` (milliseconds of `performance.now()`). */
export type SessionState =
  | { readonly name: 'connecting' }
  | { readonly name: 'live' }
  | { readonly name: 'waiting'; readonly at: number; readonly why: string }
  | { readonly name: 'closed' };

export type SessionEvents = {
  state: SessionState;
  /** The way back. */
  stream: MediaStream;
  statistics: Statistics;
  face: { readonly event: 'found' | 'lost' };
  /** The identity that is worn from now on. */
  changed: string | null;
  /** The gateway is going: the call ends in at most so many milliseconds, and comes back by itself once there is one again. */
  draining: { readonly within: number };
  /** `identity_unknown` after a reconnect means: upload the photo again, then `wear` the new id. */
  error: { readonly code: string; readonly message: string; readonly fatal: boolean };
};

/** How long a peer connection may be without contact before the call is made anew, milliseconds. */
const DISCONNECTED_FOR = 3000;

/**
 * One swapped call: sends a camera stream, gets the swapped one back, and comes back by itself when the network or the
 * gateway was away.
 */
export class Session {
  readonly events = new Events<SessionEvents>();
  readonly #url: URL;
  readonly #options: SessionOptions;
  readonly #backoff = new Backoff();
  #camera: MediaStream;
  #identity: string | null;
  #look: Look;
  #signalling: Signalling | undefined;
  #peer: RTCPeerConnection | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: SessionState = { name: 'connecting' };

  /** @param url of the gateway's WebSocket, e.g. `wss://host/v1/session` */
  constructor(url: URL, camera: MediaStream, options: SessionOptions & { identity: string | null; look?: Look }) {
    const { identity, look, ...rest } = options;
    this.#url = url;
    this.#camera = camera;
    this.#identity = identity;
    this.#look = look ?? {};
    this.#options = rest;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Starts, or starts again at once. */
  open(): void {
    this.#drop();
    this.#enter({ name: 'connecting' });
    this.#signalling = new Signalling(this.#url, {
      onMessage: (message) => void this.#hear(message),
      onClose: () => this.#breakOff('The gateway is gone.'),
    });
    this.#signalling.send({
      type: 'hello',
      version: PROTOCOL_VERSION,
      ...this.#options,
      ...(this.#identity === null ? {} : { identity: this.#identity }),
      look: this.#look,
    });
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

  /** The peer connection, for its own statistics. */
  get peer(): RTCPeerConnection | undefined {
    return this.#peer;
  }

  /** Idempotent. */
  close(): void {
    if (this.#state.name === 'closed') return;
    this.#signalling?.send({ type: 'bye' });
    this.#drop();
    this.#enter({ name: 'closed' });
  }

  async #hear(message: ServerMessage): Promise<void> {
    switch (message.type) {
      case 'created':
        return this.#call(message.iceServers ?? []);
      case 'answer':
        await this.#peer?.setRemoteDescription({ type: 'answer', sdp: message.sdp });
        return;
      case 'changed':
        return this.events.emit('changed', message.identity);
      case 'statistics':
        return this.events.emit('statistics', message.figures);
      case 'face':
        return this.events.emit('face', { event: message.event });
      case 'draining':
        return this.events.emit('draining', { within: message.within });
      case 'state':
        if (message.state === 'closed') this.#breakOff(message.reason ?? 'The gateway ended the call.');
        return;
      case 'error':
        this.events.emit('error', message);
        // The gateway's transport cannot do what the last offer asked for, e.g. restart ICE: a fresh session can.
        if (message.code === 'unsupported') return this.#breakOff(message.message);
        if (!message.fatal) return;
        if (message.retry === undefined) return this.#end();
        return this.#breakOff(message.message, message.retry);
    }
  }

  async #call(iceServers: readonly IceServer[]): Promise<void> {
    const peer = openPeer(this.#camera, iceServers, (candidate) => this.#signalling?.send(candidate));
    this.#peer = peer;
    peer.ontrack = ({ streams, track }) => this.events.emit('stream', streams[0] ?? new MediaStream([track]));
    peer.onconnectionstatechange = () => this.#watch(peer);
    const sdp = await makeOffer(peer);
    if (peer === this.#peer) this.#signalling?.send({ type: 'offer', sdp });
  }

  #watch(peer: RTCPeerConnection): void {
    if (peer !== this.#peer) return;
    clearTimeout(this.#timer);
    if (peer.connectionState === 'connected') {
      this.#backoff.reset();
      this.#enter({ name: 'live' });
    } else if (peer.connectionState === 'disconnected') {
      this.#timer = setTimeout(() => this.#breakOff('The connection was lost.'), DISCONNECTED_FOR);
    } else if (peer.connectionState === 'failed') this.#breakOff('No media path to the gateway.');
  }

  #breakOff(why: string, atLeast = 0): void {
    if (this.#state.name === 'closed') return;
    this.#drop();
    const wait = this.#backoff.next(atLeast);
    this.#enter({ name: 'waiting', at: performance.now() + wait, why });
    this.#timer = setTimeout(() => this.open(), wait);
  }

  #end(): void {
    this.#drop();
    this.#enter({ name: 'closed' });
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#signalling?.close();
    this.#peer?.close();
    this.#signalling = undefined;
    this.#peer = undefined;
  }

  #enter(state: SessionState): void {
    this.#state = state;
    this.events.emit('state', state);
  }
}
