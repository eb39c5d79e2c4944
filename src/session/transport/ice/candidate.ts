/**
 * Candidate lines (RFC 8839 §5.1, RFC 6544 §4.5), without `a=`:
 *
 *   candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE [raddr A] [rport P] [tcptype T] [NAME VALUE]…
 */
import { createHash } from 'node:crypto';
import { canonicalAddress, type Remote } from './stun/internet-address.ts';

export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

/** A candidate of ours, as the answer tells it. */
export interface LocalCandidate extends Remote {
  readonly transport: 'udp' | 'tcp';
  readonly type: 'host' | 'srflx';
  /** Place among ours of its kind: 0 is preferred most. */
  readonly rank: number;
  /** Where a server-reflexive one is bound. */
  readonly related?: Remote;
}

/** A UDP candidate of the peer. */
export interface RemoteCandidate extends Remote {
  readonly priority: number;
  /** Generation that it belongs to, where the line says so. */
  readonly ufrag: string | undefined;
}

/** Longest line that is read, characters. */
const MAXIMUM_LINE = 1024;
const MAXIMUM_PRIORITY = 2 ** 31 - 1;

/** Type preferences (RFC 8445 §5.1.2.2); TCP stands below all UDP that is not relayed, since a loss halts what follows. */
const PREFERENCE = { host: 126, prflx: 110, srflx: 100, tcp: 90 } as const;
/** Direction preference of a passive host candidate, in the top three bits of the local preference (RFC 6544 §4.2). */
const PASSIVE = 4;

/** Priority of one of our candidates; component 1. */
export function priorityOf({ transport, type, rank }: Pick<LocalCandidate, 'transport' | 'type' | 'rank'>): number {
  if (transport === 'tcp') return priority(PREFERENCE.tcp, PASSIVE * 2 ** 13 + (2 ** 13 - 1 - rank));
  return priority(PREFERENCE[type], 65_535 - rank);
}

/** Priority of what the peer would learn of us by a check from a socket of this rank (RFC 8445 §7.1.1). */
export function reflexivePriorityOf(rank: number): number {
  return priority(PREFERENCE.prflx, 65_535 - rank);
}

function priority(type: number, local: number): number {
  return type * 2 ** 24 + local * 2 ** 8 + 255;
}

/** Host candidates of sockets in their order of preference, ranked within each transport. */
export function hostCandidates(
  sockets: readonly Pick<LocalCandidate, 'transport' | 'address' | 'port'>[],
): readonly LocalCandidate[] {
  const rank = { udp: 0, tcp: 0 };
  return sockets.map(({ transport, address, port }) => ({
    transport,
    type: 'host',
    rank: rank[transport]++,
    address,
    port,
  }));
}

/** A line for the answer. */
export function writeCandidate(candidate: LocalCandidate): string {
  const { transport, type, address, port, related } = candidate;
  const base = related ?? candidate;
  // Equal for equal type, base and protocol, and for no others (RFC 8445 §5.1.1.3).
  const foundation = createHash('sha256').update(`${type} ${transport} ${base.address}`).digest('hex').slice(0, 8);
  return [
    `candidate:${foundation} 1 ${transport} ${priorityOf(candidate)} ${address} ${port} typ ${type}`,
    ...(related === undefined ? [] : [`raddr ${related.address} rport ${related.port}`]),
    ...(transport === 'tcp' ? ['tcptype passive'] : []),
  ].join(' ');
}

/**
 * Reads a line of the peer; `undefined` if there is nothing to check: no UDP (a browser's TCP is active: it comes to us),
 * another component than 1, a name (mDNS hides the address, and resolving it is a query in our network on a stranger's
 * word), or an address that no peer has.
 */
export function parseCandidate(line: string): RemoteCandidate | undefined {
  if (line.length > MAXIMUM_LINE) return undefined;
  const fields = line.replace(/^(a=)?candidate:/, '').split(' ');
  const [foundation, component, transport, priorityText, host = '', portText, typ, type, ...rest] = fields;
  const address = canonicalAddress(host);
  const [port, value] = [Number(portText), Number(priorityText)];
  if (foundation === undefined || component !== '1' || transport?.toLowerCase() !== 'udp') return undefined;
  if (typ !== 'typ' || !/^(host|srflx|prflx|relay)$/.test(type ?? '')) return undefined;
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || address === undefined || !isUnicast(address))
    return undefined;
  if (!Number.isInteger(value) || value < 1 || value > MAXIMUM_PRIORITY) return undefined;
  const ufragAt = rest.indexOf('ufrag');
  return { address, port, priority: value, ufrag: ufragAt < 0 ? undefined : rest[ufragAt + 1] };
}

/** A line that says what was read of one of the peer's, and nothing else of it. */
export function rewriteCandidate({ address, port, priority }: RemoteCandidate): string {
  return `candidate:1 1 udp ${priority} ${address} ${port} typ host`;
}

/** Checks go to one host only, and not to whoever happens to share our link. */
function isUnicast(address: string): boolean {
  if (address.includes(':')) return address !== '::' && !/^(ff|fe[89a-f])/.test(address);
  const first = Number(address.split('.')[0]);
  return first > 0 && first < 224 && !address.startsWith('169.254.');
}

/** A pair's place in the order of checks (RFC 8445 §6.1.2.3). The formula needs 64 bits, so it is compared by its parts. */
export interface PairPriority {
  readonly controlling: number;
  readonly controlled: number;
}

/** Negative if `one` is checked before `other`. */
export function comparePairs(one: PairPriority, other: PairPriority): number {
  const parts = ({ controlling, controlled }: PairPriority): readonly number[] => [
    Math.min(controlling, controlled),
    Math.max(controlling, controlled),
    controlling > controlled ? 1 : 0,
  ];
  const [first, second] = [parts(one), parts(other)];
  const index = first.findIndex((part, i) => part !== second[i]);
  return index < 0 ? 0 : (second[index] ?? 0) - (first[index] ?? 0);
}
