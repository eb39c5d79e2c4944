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

it('reads negative integers, and 64-bit fields', () => {
  const minusTwo = [0xfe, ...Array<number>(8).fill(0xff), 0x01];
  const fields = readProtobuf(Uint8Array.of(0x08, ...minusTwo, 0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f));
  expect(fields.map(({ value }) => value)).toEqual([-2, 1.5]);
  expect(repeatedIntegers([{ number: 1, kind: 'bytes', value: Uint8Array.of(...minusTwo, 3) }], 1)).toEqual([-2, 3]);
});

it('refuses an integer that does not end, which would be none any more', () => {
  const endless = new Uint8Array(200).fill(0xff);
  expect(() => readProtobuf(Uint8Array.of(0x08, ...endless, 0))).toThrow(/integer ends/);
  expect(() => repeatedIntegers([{ number: 1, kind: 'bytes', value: endless }], 1)).toThrow(/integer ends/);
});
