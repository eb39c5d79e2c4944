import { describe, expect, it } from 'vitest';
import { addressBytes, addressOf, canonicalAddress } from './internet-address.ts';
import { parseStun, receiverFragment, verifyIntegrity } from './stun.ts';
import { writeCheck, writeRoleConflict, writeServerRequest, writeSuccess } from './write-stun.ts';

/** RFC 5769 §2.1–2.3: sample request, IPv4 response, IPv6 response; password as given there. */
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';
const bytes = (...lines: string[]): Buffer => Buffer.from(lines.join('').replaceAll(' ', ''), 'hex');
const REQUEST = bytes(
  '00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74',
  '00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020',
  '00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf',
);
const RESPONSE_4 = bytes(
  '0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220',
  '00200008 0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96',
);
const RESPONSE_6 = bytes(
  '01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220',
  '00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9',
  '00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c',
);
const transaction = Buffer.from('b7e7a701bc34d686fa87dfae', 'hex');

describe('STUN', () => {
  it('reads the sample messages of RFC 5769', () => {
    const request = parseStun(REQUEST)!;
    expect(request).toMatchObject({ kind: 'request', username: 'evtj:h6vY', role: 'controlled', priority: 0x6e0001ff });
    expect(request.tieBreaker).toBe(0x932ff9b151263b36n);
    expect(verifyIntegrity(REQUEST, request, PASSWORD)).toBe(true);
    expect(verifyIntegrity(REQUEST, request, `${PASSWORD}x`)).toBe(false);
    expect(receiverFragment(REQUEST)).toBe('evtj');
    for (const [sample, address] of [
      [RESPONSE_4, '192.0.2.1'],
      [RESPONSE_6, '2001:db8:1234:5678:11:2233:4455:6677'],
    ] as const) {
      const response = parseStun(sample)!;
      expect(response.mapped).toEqual({ address, port: 32853 });
      expect(verifyIntegrity(sample, response, PASSWORD)).toBe(true);
    }
  });

  it('writes what it reads, and ends it with the fingerprint that the samples have', () => {
    for (const address of ['192.0.2.1', '2001:db8:1234:5678:11:2233:4455:6677', '::1', 'fd00::2']) {
      const written = writeSuccess(transaction, { address, port: 32853 }, PASSWORD);
      const read = parseStun(written)!;
      expect(read).toMatchObject({ kind: 'success', mapped: { address, port: 32853 } });
      expect(verifyIntegrity(written, read, PASSWORD)).toBe(true);
    }
    const fields = { transaction, username: 'a:b', priority: 7, role: 'controlling', tieBreaker: 9n } as const;
    const check = writeCheck({ ...fields, useCandidate: true }, PASSWORD);
    expect(parseStun(check)).toMatchObject({ ...fields, kind: 'request', useCandidate: true });
    expect(check.readUInt16BE(check.length - 8)).toBe(0x8028);
    expect(parseStun(writeRoleConflict(transaction, PASSWORD))).toMatchObject({ kind: 'error', errorCode: 487 });
    expect(parseStun(writeServerRequest(transaction))).toMatchObject({ kind: 'request', integrityAt: undefined });
  });

  it('takes nothing that is cut short, longer than it says, or no binding', () => {
    for (let length = 0; length < REQUEST.length; length++)
      expect(parseStun(REQUEST.subarray(0, length))).toBeUndefined();
    expect(parseStun(Buffer.concat([REQUEST, Buffer.alloc(4)]))).toBeUndefined();
    const allocate = Buffer.from(REQUEST);
    allocate.writeUInt16BE(0x0003, 0);
    expect(parseStun(allocate)).toBeUndefined();
    expect(parseStun(Buffer.alloc(2000))).toBeUndefined();
    const attributeTooLong = Buffer.from(REQUEST);
    attributeTooLong.writeUInt16BE(0xffff, 22);
    expect(parseStun(attributeTooLong)).toBeUndefined();
  });
});

describe('addresses', () => {
  it('have one spelling, the one that sockets report', () => {
    expect(canonicalAddress('2001:DB8:0:0:0:0:0:1')).toBe('2001:db8::1');
    expect(canonicalAddress('::ffff:192.0.2.1')).toBe('192.0.2.1');
    for (const other of ['fe80::1%eth0', 'host.local', '1.2.3', '', '1.2.3.4.5']) {
      expect(canonicalAddress(other)).toBeUndefined();
    }
  });

  it('survive the way to bytes and back', () => {
    for (const address of ['0.0.0.0', '255.1.2.3', '::', '::1', '1::', 'fd00::2', '2001:db8:0:1:1:1:1:1']) {
      expect(addressOf(addressBytes(address))).toBe(address);
    }
  });
});
