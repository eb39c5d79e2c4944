import { expect, it } from 'vitest';
import { readProtobuf, repeatedIntegers } from './protobuf-reader.ts';

it('reads fields in order, and repeated integers packed or not', () => {
  const fields = readProtobuf(Uint8Array.of(0x08, 0xac, 0x02, 0x12, 0x02, 0x05, 0x06, 0x10, 0x07));
  expect(fields.map(({ number, kind }) => [number, kind])).toEqual([
    [1, 'integer'],
    [2, 'bytes'],
    [2, 'integer'],
  ]);
  expect(repeatedIntegers(fields, 1)).toEqual([300]);
  expect(repeatedIntegers(fields, 2)).toEqual([5, 6, 7]);
});

it('refuses an integer that does not end, which would be none any more', () => {
  const endless = new Uint8Array(200).fill(0xff);
  expect(() => readProtobuf(Uint8Array.of(0x08, ...endless, 0))).toThrow(/integer ends/);
  expect(() => repeatedIntegers([{ number: 1, kind: 'bytes', value: endless }], 1)).toThrow(/integer ends/);
});
