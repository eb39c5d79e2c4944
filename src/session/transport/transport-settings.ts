import type { SendCodec } from '../../codec/codec.ts';
import type { Milli } from '../../time.ts';
import type { HostAddress } from './ice/addresses.ts';
import type { IceMode } from './ice/ice-agent.ts';
import type { PortSource } from './ice/ports/local-port.ts';
import type { PortRange } from './ice/ports/udp-socket.ts';
import type { StunServer } from './ice/stun/server-reflexive.ts';

/** Implementations of `Transport`, as `media.transport` names them (docs/transport.md says when to choose which). */
export const TRANSPORTS = ['werift', 'libdatachannel'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** How a session is reached; the operator's. */
export interface TransportSettings {
  /** UDP ports that may be used; default: whatever the system gives. */
  readonly portRange?: PortRange;
  /** Default: every address of the machine that others can reach, else 127.0.0.1. */
  readonly hostAddresses?: readonly HostAddress[];
  /** Adds 127.0.0.1 to the default addresses. Default false. */
  readonly includeLoopback?: boolean;
  /** Whether we only answer the peer's checks or make our own too. Default `lite`. */
  readonly ice?: IceMode;
  /** Asked for the addresses that a NAT gives us, where `ice` is `full`. Default none. */
  readonly stunServers?: readonly StunServer[];
  /** Where all sessions of the process receive UDP; default: sockets of the session's own, at `hostAddresses`. */
  readonly udp?: PortSource;
  /** Where peers connect by TCP. Default: nowhere. */
  readonly tcp?: PortSource;
  /** Codec to send; default the first of the offer that can be sent. */
  readonly codec?: SendCodec;
  /** Codecs that are sent without being asked for, if the offer has them. Default VP8 and H.264. */
  readonly unasked?: readonly SendCodec[];
  /** Nothing is sent, whatever the offer would take. Default false. */
  readonly receiveOnly?: boolean;
  /** Longest side that is taken of simulcast layers, pixels. Default: any. */
  readonly maximumSide?: number;
  /** Bits a second that the peer should start with. Default 2,000,000. */
  readonly startBitrate?: number;
  /** Silence after which the peer is gone, milliseconds. Default 10,000; a live browser is heard every 2.5 s at least. */
  readonly silence?: Milli;
}
