import type { SendCodec } from '../../codec/codec.ts';
import type { Milli } from '../../time.ts';
import type { HostAddress } from './ice/addresses.ts';
import type { PortRange } from './ice/udp-port.ts';
import type { FecKind } from './sdp/fec.ts';

/** How a session is reached; the operator's. */
export interface TransportSettings {
  /** UDP ports that may be used; default: whatever the system gives. */
  readonly portRange?: PortRange;
  /** Default: every IPv4 address of the machine that others can reach, else 127.0.0.1. */
  readonly hostAddresses?: readonly HostAddress[];
  /** Adds 127.0.0.1 to the default addresses. Default false. */
  readonly includeLoopback?: boolean;
  /** Codec to send; default the first of the offer that can be sent. */
  readonly codec?: SendCodec;
  /** Longest side that is taken of simulcast layers, pixels. Default: any. */
  readonly maximumSide?: number;
  /** Forward error correction that may be agreed on, the most welcome first. Default none. */
  readonly fec?: readonly FecKind[];
  /** Bits a second that the peer should start with. Default 2,000,000. */
  readonly startBitrate?: number;
  /** Silence after which the peer is gone, milliseconds. Default 10,000; a live browser is heard every 2.5 s at least. */
  readonly silence?: Milli;
}
