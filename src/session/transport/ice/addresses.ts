import { networkInterfaces } from 'node:os';

/** Where a session's UDP socket is bound, and the address that the peer is told. They differ behind a 1:1 NAT. */
export interface HostAddress {
  /** IPv4 address of an interface of this machine. */
  readonly bind: string;
  /** IPv4 address that callers can reach; the answer's candidate names it. */
  readonly announce: string;
}

/** Most addresses that are advertised: each costs one socket a session. */
const MAXIMUM_ADDRESSES = 8;
const LOOPBACK: HostAddress = { bind: '127.0.0.1', announce: '127.0.0.1' };

/**
 * The addresses to advertise when the operator names none: every IPv4 address of the machine that others can reach,
 * or the loopback where there is no other. A browser on the same machine reaches the former too, and does not gather
 * loopback candidates by itself.
 * @param includeLoopback adds 127.0.0.1 also beside others, default false
 */
export function hostAddresses(options: { readonly includeLoopback?: boolean } = {}): readonly HostAddress[] {
  const reachable = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
    .map(({ address }) => ({ bind: address, announce: address }))
    .slice(0, MAXIMUM_ADDRESSES);
  if (reachable.length === 0) return [LOOPBACK];
  return options.includeLoopback === true ? [...reachable, LOOPBACK] : reachable;
}
