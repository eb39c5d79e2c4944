import type { Milli } from '../../time.ts';

/** A decrypted RTP or RTCP packet with its arrival. `data` is the whole packet, header included; the receiver's to keep. */
export interface ArrivedPacket {
  readonly data: Uint8Array;
  readonly arrived: Milli;
}

/** One negotiated media line. Payload types, SSRCs and extension ids are those of the answer. */
export interface NegotiatedMedia {
  readonly kind: 'audio' | 'video';
  readonly mid: string;
  /** What the peer may send, in its order of preference; empty if it only receives. Names in lower case: vp8, rtx, opus … */
  readonly receive: readonly NegotiatedCodec[];
  /** What we send: exactly one codec and, for video, its RTX payload type. */
  readonly send?: {
    readonly codec: NegotiatedCodec;
    readonly rtxPayloadType?: number;
    readonly ssrc: number;
    readonly rtxSsrc?: number;
  };
  /** Of the layers of a simulcast offer the one that was asked for, by its RTP stream id; absent without simulcast. */
  readonly layer?: string;
  /** How the peer is asked for a keyframe, if not by picture loss indication (`nack pli`). */
  readonly keyframeRequest?: 'full-intra-request';
  /** Header extension ids by URI, 1–14. */
  readonly extensions: ReadonlyMap<string, number>;
}

export interface NegotiatedCodec {
  readonly name: string;
  readonly payloadType: number;
  readonly clockRate: number;
  readonly channels?: number;
  /** The `a=fmtp` value. */
  readonly parameters: string;
  /** For rtx: the payload type that is resent. */
  readonly associated?: number;
}

export type TransportState = 'new' | 'connecting' | 'connected' | 'closed';

/** What is told once by a transport. */
export interface TransportEvents {
  onRtp(packet: ArrivedPacket): void;
  onRtcp(packet: ArrivedPacket): void;
  /** `closed` comes exactly once, whoever closed it: the peer, a dead network (no packet for 10 s), or `close()`. */
  onState(state: TransportState, reason?: string): void;
}

/**
 * What an implementation can do beyond what every transport must. `test/transport/contract.test.ts` runs what is declared, and
 * checks the stated answer where something is not.
 */
export interface TransportCapabilities {
  /** A later offer may restart ICE; else it is refused with `unsupported`, and the caller opens a fresh session. */
  readonly restart: boolean;
  /** Can be an ICE-lite agent, which only answers the peer's checks. */
  readonly lite: boolean;
  /** Can be a full ICE agent, which checks the peer's candidates too. */
  readonly full: boolean;
  /** Offers ICE-TCP candidates (RFC 6544), where the settings ask for them. */
  readonly tcp: boolean;
  /** Follows a peer whose address changes under a running session. */
  readonly rebind: boolean;
  /** All sessions of a process can share one UDP port; else each takes one for each address. */
  readonly mux: boolean;
  /** Takes IPv6 addresses. */
  readonly ipv6: boolean;
  /** No packet that is forged in the peer's own address and port ends a session. */
  readonly unspoofable: boolean;
  /** `close()` reaches the peer as a DTLS alert; else the peer hears of it by signalling, or sees the path die. */
  readonly farewell: boolean;
}

/**
 * ICE, DTLS and SRTP behind one interface: authenticated, decrypted packets in, packets out. RTP itself, feedback and
 * congestion are not its business (src/rtp/).
 */
export interface Transport {
  readonly state: TransportState;
  /**
   * Takes an offer, gives the answer, with all candidates. May be called again to renegotiate; never two at once.
   * @throws GatewayError offer_invalid, no_video, no_codec, capacity_full, state_invalid, closed, or `unsupported`: the offer
   * restarts ICE and this transport cannot
   */
  answer(offer: string): Promise<{ readonly sdp: string; readonly media: readonly NegotiatedMedia[] }>;
  /** A remote candidate line (`candidate:…`) with the mid it belongs to; ignored where it is of no use (ICE-lite). */
  addCandidate(candidate: string, mid: string): void;
  /** Sends a whole RTP packet, header included. Dropped unless connected. */
  sendRtp(packet: Uint8Array): void;
  /** Sends a compound RTCP packet. */
  sendRtcp(packet: Uint8Array): void;
  /** Idempotent; tells the peer where `farewell` is declared. */
  close(): void;
}
