import { networkInterfaces } from 'node:os';
import { GatewayError } from '../../../errors.ts';
import { canonicalAddress, familyOf, type Family } from './stun/internet-address.ts';

/** Where a session's sockets are bound, and the address that the peer is told. They differ behind a 1:1 NAT. */
export interface HostAddress {
  /** Address of an interface of this machine. */
  readonly bind: string;
  /** Address that callers can reach, of the same family; the answer's candidate names it. */
  readonly announce: string;
}

/** Most addresses that are advertised: each costs one socket a session. */
const MAXIMUM_ADDRESSES = 8;
const LOOPBACK: HostAddress = { bind: '127.0.0.1', announce: '127.0.0.1' };

/**
 * The addresses to advertise when the operator names none: every IPv4 and IPv6 address of the machine that others can
 * reach, or the loopback where there is no other. A browser on the same machine reaches the former too, and does not
 * gather loopback candidates by itself.
 * @param includeLoopback adds 127.0.0.1 also beside others, default false
 */
export function hostAddresses(options: { readonly includeLoopback?: boolean } = {}): readonly HostAddress[] {
  const reachable = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ internal, address }) => !internal && isReachable(address))
    .map(({ address }) => ({ bind: address, announce: address }));
  const chosen = interleave(reachable).slice(0, MAXIMUM_ADDRESSES);
  if (chosen.length === 0) return [LOOPBACK];
  return options.includeLoopback === true ? [...chosen, LOOPBACK] : chosen;
}

/**
 * Where to bind for each address that callers are told: the same where it is this machine's own, else the first of its
 * family, which a 1:1 NAT stands for.
 * @throws GatewayError config_invalid for an IPv6 address where the machine has none
 */
export function announcedAddresses(announce: readonly string[]): readonly HostAddress[] {
  const own = [...hostAddresses({ includeLoopback: true }), { bind: '::1', announce: '::1' }];
  return announce.map((text) => {
    const address = canonicalAddress(text);
    if (address === undefined) throw new GatewayError('config_invalid', 'an announced address must be IPv4 or IPv6');
    const behind = own.find(({ bind }) => bind === address) ?? own.find((host) => stands(host, familyOf(address)));
    if (behind === undefined) {
      throw new GatewayError('config_invalid', 'to announce an IPv6 address this machine must have one');
    }
    return { announce: address, bind: behind.bind };
  });
}

/**
 * The order of preference of a machine with both families (RFC 8421 §4): IPv6 gets a head start, so that it is used where
 * it works; then they take turns, so that a broken one costs one check and not all of them.
 */
export function interleave(hosts: readonly HostAddress[]): readonly HostAddress[] {
  const six = hosts.filter(({ announce }) => familyOf(announce) === 6);
  const four = hosts.filter(({ announce }) => familyOf(announce) === 4);
  if (four.length === 0 || six.length === 0) return hosts;
  const head = Math.floor(hosts.length / four.length);
  const ordered = six.splice(0, head);
  while (four.length + six.length > 0) ordered.push(...four.splice(0, 1), ...six.splice(0, 1));
  return ordered;
}

/** Link-local addresses mean nothing without an interface's name; fec0::/10 is deprecated (RFC 8445 §5.1.1.1). */
function isReachable(address: string): boolean {
  return !address.startsWith('169.254.') && !/^fe[89a-f]/i.test(address);
}

function stands({ bind }: HostAddress, family: Family): boolean {
  return familyOf(bind) === family && (family === 4 || bind !== '::1');
}
