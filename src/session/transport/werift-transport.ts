import { randomBytes, randomInt } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { Clock, Milli } from '../../time.ts';
import { Dtls, ownCertificate, ownFingerprint, type SrtpKeys } from './dtls/dtls.ts';
import { hostAddresses } from './ice/addresses.ts';
import { IceLite, type DoorFigures } from './ice/ice-lite.ts';
import { writeAnswer } from './sdp/answer.ts';
import { negotiate, type LocalSources, type Negotiation } from './sdp/negotiate.ts';
import { parseOffer, type Offer } from './sdp/offer.ts';
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
  full: false,
  tcp: false,
  rebind: true,
  mux: false,
  ipv6: false,
};

/** Longest offer that is read, characters. */
const MAXIMUM_OFFER = 128 * 1024;
const DEFAULT_START_BITRATE = 2_000_000;
const DEFAULT_SILENCE: Milli = 10_000;

/**
 * The server's side of one peer connection: ICE-lite, DTLS by werift, SRTP, all media over one path.
 * `new` until the first answer, `connecting` until SRTP has keys, then `connected`.
 */
export class WeriftTransport implements Transport {
  readonly #settings: TransportSettings;
  readonly #events: TransportEvents;
  readonly #clock: Clock;
  readonly #ice: IceLite;
  readonly #session = String(randomInt(2 ** 47));
  readonly #sources: LocalSources = newSources();
  #state: TransportState = 'new';
  #answering = false;
  #version = 0;
  #dtls: Dtls | undefined;
  #receiver: SrtpReceiver | undefined;
  #sender: SrtpSender | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(settings: TransportSettings, events: TransportEvents, clock: Clock) {
    this.#settings = settings;
    this.#events = events;
    this.#clock = clock;
    this.#ice = new IceLite(
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

  async answer(text: string): Promise<{ readonly sdp: string; readonly media: readonly NegotiatedMedia[] }> {
    if (this.#state === 'closed') throw new GatewayError('closed', 'the session must be open');
    if (this.#answering) throw new GatewayError('state_invalid', 'an offer must wait for the answer to the one before');
    this.#answering = true;
    try {
      return await this.#negotiate(text);
    } finally {
      this.#answering = false;
    }
  }

  /** ICE-lite learns the peer's addresses from its checks. */
  addCandidate(_candidate: string, _mid: string): void {}

  sendRtp(packet: Uint8Array): void {
    if (this.#sender !== undefined) this.#ice.send(this.#sender.rtp(packet));
  }

  sendRtcp(packet: Uint8Array): void {
    if (this.#sender !== undefined) this.#ice.send(this.#sender.rtcp(packet));
  }

  close(): void {
    this.#close('closed');
  }

  async #negotiate(text: string): Promise<{ sdp: string; media: readonly NegotiatedMedia[] }> {
    if (text.length > MAXIMUM_OFFER) throw new GatewayError('offer_invalid', 'the offer must be at most 128 kB');
    const offer = parseOffer(text);
    const { codec, maximumSide, fec } = this.#settings;
    const negotiation = negotiate(offer, {
      codec,
      sources: this.#sources,
      ...(maximumSide !== undefined && { maximumSide }),
      ...(fec && { fec }),
    });
    if (this.#dtls === undefined) await this.#open(negotiation);
    else this.#renegotiate(negotiation, this.#dtls);
    this.#ice.setRemote(negotiation.ufrag);
    const sdp = await this.#write(offer, negotiation);
    // Closing may have overtaken the awaits above.
    this.#assertOpen();
    return { sdp, media: negotiation.sections.flatMap((accepted) => (accepted ? [accepted.media] : [])) };
  }

  async #open(negotiation: Negotiation): Promise<void> {
    const certificate = await ownCertificate();
    this.#assertOpen();
    await this.#ice.open(
      this.#settings.hostAddresses ?? hostAddresses({ includeLoopback: this.#settings.includeLoopback ?? false }),
      this.#settings.portRange,
    );
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

  /** A later offer may change media and restart ICE; the DTLS association stays, so its certificate must. */
  #renegotiate(negotiation: Negotiation, dtls: Dtls): void {
    const same = negotiation.fingerprints.some(({ value }) => dtls.fingerprints.some((known) => known.value === value));
    if (!same) throw new GatewayError('offer_invalid', 'a later offer must keep the certificate of the first');
  }

  async #write(offer: Offer, negotiation: Negotiation): Promise<string> {
    return writeAnswer(offer, negotiation, {
      ice: this.#ice.credentials,
      candidates: this.#ice.candidates,
      fingerprint: await ownFingerprint(),
      role: this.#dtls?.role ?? negotiation.role,
      session: this.#session,
      version: ++this.#version,
      startBitrate: this.#settings.startBitrate ?? DEFAULT_START_BITRATE,
    });
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
    if (this.#clock.now() - this.#ice.lastHeard > silence) this.#close('silent');
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

/** Random and different (RFC 3550 §8.1). */
function newSources(): LocalSources {
  const base = randomBytes(4).readUInt32BE(0) | 3;
  return {
    audio: (base - 3) >>> 0,
    video: (base - 2) >>> 0,
    videoRtx: (base - 1) >>> 0,
    videoFec: base >>> 0,
  };
}
