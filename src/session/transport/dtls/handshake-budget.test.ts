import { expect, it } from 'vitest';
import { HandshakeBudget } from './handshake-budget.ts';
import { splitRecords, type DtlsRecord } from './records.ts';

/** A handshake record with one fragment of a message that claims `length` bytes. */
function record(length: number, { epoch = 0, bytes = 0 } = {}): DtlsRecord {
  const fragment = Buffer.alloc(12 + bytes);
  fragment[0] = 11;
  fragment.writeUIntBE(length, 1, 3);
  fragment.writeUIntBE(bytes, 9, 3);
  const head = Buffer.from([22, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, fragment.length >> 8, fragment.length & 0xff]);
  const [read] = splitRecords(Buffer.concat([head, fragment]));
  if (read === undefined) throw new Error('a record must be one');
  return read;
}

it('lets a whole handshake through, resent ten times', () => {
  const budget = new HandshakeBudget();
  for (let flight = 0; flight < 11; flight++) {
    for (const bytes of [200, 1200, 1200, 1200, 100]) expect(budget.admits(record(4000, { bytes }))).toBe(true);
    expect(budget.admits(record(24, { epoch: 1, bytes: 24 }))).toBe(true);
  }
});

it('leaves out messages that claim to be longer than a chain of certificates, wherever in a record', () => {
  const budget = new HandshakeBudget();
  expect(budget.admits(record(16 * 1024))).toBe(true);
  expect(budget.admits(record(16 * 1024 + 1))).toBe(false);
  const second = Buffer.concat([record(5, { bytes: 5 }).fragment, record(0xffffff).fragment]);
  expect(budget.admits({ ...record(5), fragment: second })).toBe(false);
});

it('ends what one peer can have read', () => {
  const budget = new HandshakeBudget();
  const admitted = (one: DtlsRecord): number =>
    Array.from({ length: 10_000 }, () => budget.admits(one)).filter(Boolean).length;
  expect(admitted(record(100, { bytes: 1 })) * 13).toBeLessThanOrEqual(128 * 1024);
  expect(budget.admits(record(100, { bytes: 1 }))).toBe(false);
  expect(admitted(record(100, { epoch: 1, bytes: 1 }))).toBe(64);
});
