import { describe, expect, it } from 'vitest';
import { comparePairs, hostCandidates, parseCandidate, priorityOf, writeCandidate } from './candidate.ts';

const LINE = 'candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host generation 0 ufrag abcd network-id 1';

describe('candidates', () => {
  it('of the peer are read with the generation that they belong to', () => {
    expect(parseCandidate(LINE)).toEqual({ address: '192.0.2.7', port: 50000, priority: 2122260223, ufrag: 'abcd' });
    expect(parseCandidate(`a=${LINE.replace('192.0.2.7', '2001:DB8::0:1')}`)?.address).toBe('2001:db8::1');
    expect(parseCandidate(LINE.replace(/ generation.*/, ''))?.ufrag).toBeUndefined();
  });

  it.each([
    ['names of mDNS', LINE.replace('192.0.2.7', '1f4712db-ea17-4bcf-a596-105139dfd8bf.local')],
    ['TCP', LINE.replace(' udp ', ' tcp ')],
    ['RTCP’s component', LINE.replace(' 1 udp ', ' 2 udp ')],
    ['multicast', LINE.replace('192.0.2.7', '224.0.0.251')],
    ['multicast of IPv6', LINE.replace('192.0.2.7', 'ff02::fb')],
    ['broadcast', LINE.replace('192.0.2.7', '255.255.255.255')],
    ['no address', LINE.replace('192.0.2.7', '0.0.0.0')],
    ['link-local addresses', LINE.replace('192.0.2.7', '169.254.1.1')],
    ['link-local addresses of IPv6', LINE.replace('192.0.2.7', 'fe80::1')],
    ['port 0', LINE.replace('50000', '0')],
    ['a port over 65,535', LINE.replace('50000', '65536')],
    ['another type', LINE.replace('typ host', 'typ hostile')],
    ['a priority over its range', LINE.replace('2122260223', '4294967296')],
    ['lines that are too long', LINE + ' x'.repeat(1000)],
    ['nothing', ''],
  ])('that are not checked: %s', (_name, line) => {
    expect(parseCandidate(line)).toBeUndefined();
  });

  it('of ours have priorities that fall from UDP to TCP, each in its order', () => {
    const candidates = hostCandidates([
      { transport: 'udp', address: '2001:db8::1', port: 1 },
      { transport: 'tcp', address: '2001:db8::1', port: 2 },
      { transport: 'udp', address: '192.0.2.1', port: 1 },
      { transport: 'tcp', address: '192.0.2.1', port: 2 },
    ]);
    const [six, sixTcp, four, fourTcp] = candidates.map(priorityOf);
    expect([six, four, sixTcp, fourTcp].sort((a = 0, b = 0) => b - a)).toEqual([six, four, sixTcp, fourTcp]);
    expect(six).toBe(126 * 2 ** 24 + 65535 * 256 + 255);
    expect(writeCandidate(candidates[1]!)).toMatch(/^candidate:\S+ 1 tcp \d+ 2001:db8::1 2 typ host tcptype passive$/);
    const foundations = candidates.map((candidate) => writeCandidate(candidate).split(' ')[0]);
    expect(new Set(foundations).size).toBe(4);
  });

  it('of ours behind a NAT name where they are bound', () => {
    const related = { address: '10.0.0.2', port: 40000 };
    const candidate = {
      transport: 'udp',
      type: 'srflx',
      rank: 0,
      address: '198.51.100.1',
      port: 61000,
      related,
    } as const;
    expect(writeCandidate(candidate)).toMatch(/ 198\.51\.100\.1 61000 typ srflx raddr 10\.0\.0\.2 rport 40000$/);
    expect(priorityOf(candidate)).toBeLessThan(priorityOf({ ...candidate, type: 'host', rank: 7 }));
  });

  it('are paired in the order that both sides agree on (RFC 8445 §6.1.2.3)', () => {
    const formula = (g: bigint, d: bigint): bigint =>
      2n ** 32n * (g < d ? g : d) + 2n * (g > d ? g : d) + (g > d ? 1n : 0n);
    const values = [1, 2, 77, 2 ** 24, 2 ** 31 - 2, 2 ** 31 - 1];
    const pairs = values.flatMap((controlling) => values.map((controlled) => ({ controlling, controlled })));
    for (const one of pairs) {
      for (const other of pairs) {
        const [a, b] = [one, other].map((p) => formula(BigInt(p.controlling), BigInt(p.controlled)));
        expect(Math.sign(comparePairs(one, other)) || 0).toBe(a! > b! ? -1 : a! < b! ? 1 : 0);
      }
    }
  });
});
