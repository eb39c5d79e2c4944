import { GatewayError } from '../../../errors.ts';
import type { Clock, Milli } from '../../../time.ts';
import { hostAddresses, type HostAddress } from '../ice/addresses.ts';
import { parseCandidate, rewriteCandidate, writeCandidate } from '../ice/candidate.ts';
import { Conversation, type AnswerPart } from '../sdp/conversation.ts';
import type { Negotiation } from '../sdp/negotiate.ts';
import type { TransportSettings } from '../transport-settings.ts';
import type {
  NegotiatedMedia,
  Transport,
  TransportCapabilities,
  TransportEvents,
  TransportState,
} from '../transport.ts';
import { Hearing } from './hearing.ts';
import { LINE, newCredentials, offerRefused, ownFingerprint, remoteDescription } from './descriptions.ts';
import type { Library, PeerConnection, Track } from './library.ts';
import { muxPort } from './mux-port.ts';

/**
 * What `DatachannelTransport` can do. libjuice, its ICE agent, knows neither ICE-lite nor restarts nor TCP, and
 * stays with the path that it found first. When it closes,
 * it has the alert sent by another thread, and nearly always frees the connection before that thread comes to it. A DTLS
 * record of under 24 bytes that claims to be encrypted ends the connection without a look at who made it.
 */
export const DATACHANNEL_CAPABILITIES: TransportCapabilities = {
  restart: false,
  lite: false,
  full: true,
  tcp: false,
  rebind: false,
  mux: true,
  ipv6: true,
  unspoofable: false,
  farewell: false,
};

const DEFAULT_SILENCE: Milli = 10_000;
/** Candidates of the peer that are checked; libjuice holds about 20. */
const MOST_CANDIDATES = 16;

/** One connection of libdatachannel. */
interface Connection {
  readonly peer: PeerConnection;
  readonly track: Track;
  readonly remoteUfrag: string;
  readonly part: AnswerPart;
  readonly watch: NodeJS.Timeout;
  /** One of the announced addresses is the loopback. */
  readonly onLoopback: boolean;
  /** Candidates of the peer that were given to it. */
  candidates: number;
}

/**
 * The server's side of one peer connection by libdatachannel: full ICE, DTLS and SRTP in threads of its own, one UDP port
 * for all sessions of the process. Packets come and go as they are; nothing of its RTCP, pacing or resending is used.
 */
export class DatachannelTransport implements Transport {
  readonly #library: Library;
  readonly #settings: TransportSettings;
  readonly #events: TransportEvents;
  readonly #clock: Clock;
  readonly #conversation: Conversation;
  readonly #hearing = new Hearing();
  #state: TransportState = 'new';
  #connection: Connection | undefined;
  #lastHeard: Milli = 0;

  constructor(library: Library, settings: TransportSettings, events: TransportEvents, clock: Clock) {
    this.#library = library;
    this.#settings = settings;
    this.#events = events;
    this.#clock = clock;
    this.#conversation = new Conversation(settings);
  }

  get state(): TransportState {
    return this.#state;
  }

  async answer(offer: string): Promise<{ readonly sdp: string; readonly media: readonly NegotiatedMedia[] }> {
    this.#assertOpen();
    const answer = await this.#conversation.exchange(offer, (negotiation) => this.#settle(negotiation));
    for (const [, candidate] of offer.matchAll(/^a=(candidate:.*)$/gm)) this.addCandidate(candidate ?? '', '');
    return answer;
  }

  addCandidate(candidate: string, _mid: string): void {
    const connection = this.#connection;
    if (connection === undefined || connection.candidates >= MOST_CANDIDATES) return;
    // Names are left out here: libdatachannel would ask the resolver for them. So is our own loopback, unless calls run there.
    const parsed = parseCandidate(candidate.trim());
    if (parsed === undefined || (isLoopback(parsed.address) && !connection.onLoopback)) return;
    connection.candidates++;
    try {
      // What was understood, and not the line: it throws at spellings that are numbers to us and none to it.
      connection.peer.addRemoteCandidate(rewriteCandidate(parsed), LINE.mid);
    } catch {
      // It closes in a thread of its own, of which this one is told later: there is nothing left to check.
    }
  }

  sendRtp(packet: Uint8Array): void {
    if (this.#send(packet)) this.#hearing.onSent(this.#clock.now());
  }

  sendRtcp(packet: Uint8Array): void {
    this.#send(packet);
  }

  close(): void {
    this.#close('closed');
  }

  async #settle(negotiation: Negotiation): Promise<AnswerPart> {
    const known = this.#connection;
    if (known === undefined) return this.#open(negotiation);
    if (known.remoteUfrag === negotiation.ice.ufrag) return known.part;
    throw new GatewayError('unsupported', 'a new session must be opened: this transport cannot restart ICE');
  }

  async #open(negotiation: Negotiation): Promise<AnswerPart> {
    const { hostAddresses: given, includeLoopback = false, portRange } = this.#settings;
    const hosts = given ?? hostAddresses({ includeLoopback });
    const { address, port } = await muxPort(this.#library, bindAddressOf(hosts), portRange);
    // Closing may have overtaken the await above.
    this.#assertOpen();
    const peer = new this.#library.PeerConnection('', {
      iceServers: [],
      ...(address !== undefined && { bindAddress: address }),
      enableIceUdpMux: true,
      portRangeBegin: port,
      portRangeEnd: port,
      disableAutoNegotiation: true,
    });
    const track = this.#listen(peer);
    const ice = newCredentials();
    try {
      peer.setRemoteDescription(remoteDescription(negotiation), 'offer');
    } catch (cause) {
      peer.close();
      throw offerRefused(cause);
    }
    peer.setLocalDescription('answer', { iceUfrag: ice.ufrag, icePwd: ice.password });
    const part = {
      ice,
      lite: false,
      candidates: hosts.map(({ announce }, rank) =>
        writeCandidate({ transport: 'udp', type: 'host', address: announce, port, rank }),
      ),
      fingerprint: ownFingerprint(peer.localDescription()?.sdp),
      role: negotiation.role,
    };
    this.#lastHeard = this.#clock.now();
    const silence = this.#settings.silence ?? DEFAULT_SILENCE;
    const watch = setInterval(() => {
      const now = this.#clock.now();
      if (now - this.#lastHeard > silence || this.#hearing.deafFor(now) > silence) this.#close('silent');
    }, silence / 10);
    const onLoopback = hosts.some(({ announce }) => isLoopback(announce));
    const remoteUfrag = negotiation.ice.ufrag;
    this.#connection = { peer, track, part, watch, remoteUfrag, onLoopback, candidates: 0 };
    this.#setState('connecting');
    return part;
  }

  #listen(peer: PeerConnection): Track {
    const line = new this.#library.Video(LINE.mid, 'SendRecv');
    line.addVP8Codec(LINE.payloadType);
    const track = peer.addTrack(line);
    track.onOpen(() => this.#connected());
    track.onMessage((data) => this.#arrived(data));
    peer.onStateChange((state) => {
      // Before keys are agreed on, only the handshake can fail sooner than the watch gives up; later only the path can.
      if (state === 'failed') this.#close(this.#state === 'connected' ? 'silent' : 'dtls-failed');
      else if (state === 'disconnected' || state === 'closed') this.#close('peer-closed');
    });
    return track;
  }

  #connected(): void {
    if (this.#state !== 'connecting') return;
    this.#lastHeard = this.#clock.now();
    this.#setState('connected');
  }

  #arrived(data: Buffer): void {
    if (this.#state === 'closed') return;
    // The notice that the track is open can come behind the first packet: they take different queues to this thread.
    this.#connected();
    const arrived = this.#clock.now();
    this.#lastHeard = arrived;
    const second = data[1] ?? 0;
    // RFC 5761 §4: RTCP types 192–223 stand where RTP has marker and payload type.
    if (second >= 192 && second < 224) {
      this.#hearing.onRtcp(data);
      this.#events.onRtcp({ data, arrived });
    } else this.#events.onRtp({ data, arrived });
  }

  /** Whether it left. */
  #send(packet: Uint8Array): boolean {
    if (this.#state !== 'connected' || this.#connection === undefined) return false;
    try {
      return this.#connection.track.sendMessageBinary(packet as Buffer);
    } catch {
      // It closes in a thread of its own, of which this one is told later: the packet has nowhere to go any more.
      return false;
    }
  }

  #close(reason: string): void {
    if (this.#state === 'closed') return;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) {
      clearInterval(connection.watch);
      connection.peer.close();
    }
    this.#setState('closed', reason);
  }

  #assertOpen(): void {
    if (this.#state === 'closed') throw new GatewayError('closed', 'the session must be open');
  }

  #setState(state: TransportState, reason?: string): void {
    this.#state = state;
    this.#events.onState(state, reason);
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** One socket serves all addresses: bound to the address itself where there is one, else to all of the machine. */
function bindAddressOf(hosts: readonly HostAddress[]): string | undefined {
  const [first, ...others] = new Set(hosts.map(({ bind }) => bind));
  return others.length === 0 ? first : undefined;
}
