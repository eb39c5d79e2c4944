import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { announcedAddresses, hostAddresses, interleave } from './addresses.ts';

const LOOPBACK = { bind: '127.0.0.1', announce: '127.0.0.1' };
const hosts = (...addresses: string[]): { bind: string; announce: string }[] =>
  addresses.map((address) => ({ bind: address, announce: address }));

describe('the addresses of this machine', () => {
  it('are those that others can reach, or the loopback where there is none', () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      .filter(({ internal, address }) => !internal && !address.startsWith('fe80:') && !address.startsWith('169.254.'));
    const found = hostAddresses();
    expect(found.length).toBeGreaterThan(0);
    if (outside.length === 0) expect(found).toEqual([LOOPBACK]);
    else expect(found).not.toContainEqual(LOOPBACK);
    expect(hostAddresses({ includeLoopback: true })).toContainEqual(LOOPBACK);
    expect(found.filter(({ bind }) => bind.startsWith('fe80:'))).toEqual([]);
  });

  it('are told with IPv6 ahead, then in turns (RFC 8421)', () => {
    const announced = (...given: string[]): string[] => interleave(hosts(...given)).map(({ announce }) => announce);
    expect(announced('192.0.2.1', 'fd00::1')).toEqual(['fd00::1', '192.0.2.1']);
    expect(announced('192.0.2.1', '192.0.2.2', 'fd00::1', 'fd00::2', 'fd00::3')).toEqual([
      'fd00::1',
      'fd00::2',
      '192.0.2.1',
      'fd00::3',
      '192.0.2.2',
    ]);
    expect(announced('192.0.2.1', '192.0.2.2')).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('stand behind those that the operator announces, each of its own family', () => {
    const [own] = hostAddresses({ includeLoopback: true }).filter(({ bind }) => !bind.includes(':'));
    expect(announcedAddresses(['203.0.113.9', '::1'])).toEqual([
      { announce: '203.0.113.9', bind: own?.bind },
      { announce: '::1', bind: '::1' },
    ]);
    expect(() => announcedAddresses(['nowhere.example'])).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });
});
