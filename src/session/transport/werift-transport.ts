import { GatewayError } from '../../errors.ts';
import type { Clock, Milli } from '../../time.ts';
import { Dtls, ownCertificate, ownFingerprint, type SrtpKeys } from './dtls/dtls.ts';
import { hostAddresses } from './ice/addresses.ts';
import { IceAgent, type DoorFigures } from './ice/ice-agent.ts';
import type { PortSource } from './ice/ports/local-port.ts';
import { udpPorts } from './ice/ports/udp-ports.ts';
import { Conversation, type AnswerPart } from './sdp/conversation.ts';
import type { Negotiation } from './sdp/negotiate.ts';
import { SrtpReceiver, SrtpSender } from './srtp/srtp.ts';
import type { TransportSettings } from './transport-settings.ts';
import type {
  NegotiatedMedia,
  Transport,
  TransportCapabilities,
  TransportEvents,
  TransportState,
} from './transport.ts';

export type { TransportSettings } from './transport-settings.ts';

/** What `WeriftTransport` can do. */
export const WERIFT_CAPABILITIES: TransportCapabilities = {
  restart: true,
  lite: true,
  full: true,
  tcp: true,
  rebind: true,
  mux: true,
  ipv6: true,
  unspoofable: true,
  farewell: true,
};

const DEFAULT_SILENCE: Milli = 10_000;

/**
 * The server's side of one peer connection: ICE of our own, DTLS by werift, SRTP, all media over one path.
 * `new` until the first answer, `connecting` until SRTP has keys, then `connected`.
 */
export class WeriftTransport implements Transport {
  readonly #settings: TransportSettings;
  readonly #events: TransportEvents;
  readonly #clock: Clock;
  readonly #ice: IceAgent;
  readonly #conversation: Conversation;
  #state: TransportState = 'new';
  #dtls: Dtls | undefined;
  #receiver: SrtpReceiver | undefined;
  #sender: SrtpSender | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(settings: TransportSettings, events: TransportEvents, clock: Clock) {
    this.#settings = settings;
    this.#events = events;
    this.#clock = clock;
    this.#conversation = new Conversation(settings);
    this.#ice = new IceAgent(
      settings.ice ?? 'lite',
      {
        onDtls: (data) => this.#dtls?.receive(data),
        onMedia: (data, arrived) => this.#media(data, arrived),
        onPath: () => this.#dtls?.start(),
      },
      clock,
    );
  }

  get state(): TransportState {
    return this.#state;
  }

  /** What was dropped at the front door, and packets that were not authentic. */
  get figures(): DoorFigures & { readonly srtpRefused: number } {
    return { ...this.#ice.figures, srtpRefused: this.#receiver?.refused ?? 0 };
  }

  async answer(offer: string): Promise<{ readonly sdp: string; readonly media: readonly NegotiatedMedia[] }> {
    this.#assertOpen();
    return this.#conversation.exchange(offer, (negotiation) => this.#settle(negotiation));
  }

  addCandidate(candidate: string, _mid: string): void {
    this.#ice.addCandidate(candidate);
  }

  sendRtp(packet: Uint8Array): void {
    if (this.#sender !== undefined) this.#ice.send(this.#sender.rtp(packet));
  }

  sendRtcp(packet: Uint8Array): void {
    if (this.#sender !== undefined) this.#ice.send(this.#sender.rtcp(packet));
  }

  close(): void {
    this.#close('closed');
  }

  async #settle(negotiation: Negotiation): Promise<AnswerPart> {
    if (negotiation.ice.lite && this.#settings.ice !== 'full') {
      throw new GatewayError('offer_invalid', 'one side must make ICE checks: the offer must not be ICE-lite');
    }
    if (this.#dtls === undefined) await this.#open(negotiation);
    this.#ice.setRemote(negotiation.ice);
    const fingerprint = await ownFingerprint();
    // Closing may have overtaken the awaits above.
    this.#assertOpen();
    const { credentials: ice, candidates } = this.#ice;
    const lite = this.#settings.ice !== 'full';
    return { ice, lite, candidates, fingerprint, role: this.#dtls?.role ?? negotiation.role };
  }

  async #open(negotiation: Negotiation): Promise<void> {
    const certificate = await ownCertificate();
    this.#assertOpen();
    await this.#ice.open(this.#sources(), this.#settings.ice === 'full' ? this.#settings.stunServers : []);
    this.#assertOpen();
    if (this.#ice.candidates.length === 0) throw new GatewayError('capacity_full', 'a host address must be free');
    this.#dtls = new Dtls(negotiation.role, certificate, negotiation.fingerprints, {
      send: (data) => this.#ice.send(data),
      onConnected: (keys) => this.#connected(keys),
      onEnd: (reason) => this.#close(reason),
    });
    this.#setState('connecting');
    this.#ice.lastHeard = this.#clock.now();
    const silence = this.#settings.silence ?? DEFAULT_SILENCE;
    this.#watch = setInterval(() => this.#listen(silence), silence / 10);
  }

  #sources(): readonly PortSource[] {
    const { hostAddresses: given, includeLoopback = false, portRange, udp, tcp } = this.#settings;
    const own = udpPorts(given ?? hostAddresses({ includeLoopback }), portRange);
    return [udp ?? own, ...(tcp === undefined ? [] : [tcp])];
  }

  #connected({ profile, local, remote }: SrtpKeys): void {
    this.#sender = new SrtpSender(profile, local);
    this.#receiver = new SrtpReceiver(profile, remote);
    this.#setState('connected');
  }

  #media(data: Buffer, arrived: Milli): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    const second = data[1] ?? 0;
    // RFC 5761 §4: RTCP types 192–223 stand where RTP has marker and payload type.
    if (second >= 192 && second < 224) {
      const packet = receiver.rtcp(data);
      if (packet !== undefined) this.#events.onRtcp({ data: packet, arrived });
    } else {
      const packet = receiver.rtp(data);
      if (packet !== undefined) this.#events.onRtp({ data: packet, arrived });
    }
  }

  #listen(silence: Milli): void {
    if (this.#clock.now() - this.#ice.lastHeard > silence || this.#ice.consentLost) this.#close('silent');
  }

  #close(reason: string): void {
    if (this.#state === 'closed') return;
    clearInterval(this.#watch);
    this.#dtls?.close();
    this.#sender = undefined;
    this.#receiver = undefined;
    this.#ice.close();
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
