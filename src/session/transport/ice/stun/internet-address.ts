/** Addresses as bytes, for STUN, and in the one spelling by which they are compared. */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** Where a packet comes from or goes to; both families, numeric, in the spelling of `canonicalAddress`. */
export interface Remote {
  readonly address: string;
  readonly port: number;
}

export type Family = 4 | 6;

export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}

/** The spelling that sockets report (RFC 5952 for IPv6); `undefined` for names, zones and anything else. */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  // An IPv4 address in IPv6 clothes is that IPv4 address: our IPv6 sockets take no IPv4.
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}

/** 4 or 16 bytes of a canonical address. */
export function addressBytes(address: string): Buffer {
  if (familyOf(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const front = groups(head);
  const back = groups(tail ?? '');
  const gap = tail === undefined ? 0 : 8 - front.length - back.length;
  const bytes = Buffer.alloc(16);
  [...front, ...Array<number>(Math.max(0, gap)).fill(0), ...back].forEach((group, i) =>
    bytes.writeUInt16BE(group, i * 2),
  );
  return bytes;
}

/** The address of 4 or 16 bytes. */
export function addressOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const hex = Buffer.from(bytes).toString('hex');
  return canonicalAddress(hex.replace(/(.{4})(?!$)/g, '$1:'));
}

/** 16-bit groups; the last two may be written as IPv4. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
