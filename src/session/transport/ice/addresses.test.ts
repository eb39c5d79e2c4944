import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { hostAddresses } from './addresses.ts';

const LOOPBACK = { bind: '127.0.0.1', announce: '127.0.0.1' };

describe('the addresses of this machine', () => {
  it('are those that others can reach, or the loopback where there is none', () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal);
    const found = hostAddresses();
    expect(found.length).toBeGreaterThan(0);
    if (outside.length === 0) expect(found).toEqual([LOOPBACK]);
    else expect(found).not.toContainEqual(LOOPBACK);
    expect(hostAddresses({ includeLoopback: true })).toContainEqual(LOOPBACK);
  });
});
