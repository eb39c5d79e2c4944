import { describe, expect, it } from 'vitest';
import { readFlexBuffer } from './flexbuffer.ts';
import { widenFloat16 } from '../float16.ts';

describe('FlexBuffers', () => {
  it('gives a map with a vector and a string', () => {
    // As flexbuffers' own builder writes {vec: [-100, "Fred", 4.0], foo: 100}: keys sorted, values after them.
    const bytes = Buffer.concat([
      Buffer.from('foo\0vec\0', 'latin1'), // keys at 0 and 4
      Buffer.from([4]), // length of the string
      Buffer.from('Fred\0', 'latin1'), // string at 9
      Buffer.from([0, 0]), // aligns the vector's floats
      vector(),
      map(),
    ]);

    expect(readFlexBuffer(bytes)).toEqual({ foo: 100, vec: [-100, 'Fred', 4] });
  });

  it('refuses one that is cut short', () => {
    expect(() => readFlexBuffer(Uint8Array.of(4))).toThrow(RangeError);
    expect(() => readFlexBuffer(Uint8Array.of(200, 0x28, 1))).toThrow(RangeError);
  });

  it('refuses vectors that hold each other over and over, before they have grown', () => {
    const width = 10;
    const types = (type: number): number[] => Array<number>(width).fill(type << 2);
    const bytes = [width, ...Array<number>(width).fill(7), ...types(1)];
    let inner = 1;
    for (let level = 0; level < 7; level++) {
      const own = bytes.length + 1;
      bytes.push(width, ...Array.from({ length: width }, (_, slot) => own + slot - inner), ...types(10));
      inner = own;
    }
    bytes.push(bytes.length - inner, 10 << 2, 1);
    expect(() => readFlexBuffer(Uint8Array.from(bytes))).toThrow(/more values/);
  });

  /** Width 4, from byte 16: count, three slots at 20, types. */
  function vector(): Buffer {
    const buffer = Buffer.alloc(4 + 12 + 3 + 1);
    buffer.writeUInt32LE(3, 0);
    buffer.writeInt32LE(-100, 4);
    buffer.writeUInt32LE(24 - 9, 8);
    buffer.writeFloatLE(4, 12);
    buffer.set([(1 << 2) | 2, (5 << 2) | 0, (3 << 2) | 2, 0], 16);
    return buffer;
  }

  /** Width 1: keys vector (count, two offsets), then distance to it, its width, count, values, types, root. */
  function map(): Buffer {
    const keys = 36 + 1;
    const values = keys + 2 + 3;
    return Buffer.from([
      ...[2, keys - 0, keys + 1 - 4],
      ...[values - 3 - keys, 1, 2],
      ...[100, values + 1 - 20],
      ...[(1 << 2) | 0, (10 << 2) | 2],
      ...[4, (9 << 2) | 0, 1],
    ]);
  }
});

describe('half floats', () => {
  it('widen exactly, subnormal and infinite ones too', () => {
    const wide = widenFloat16(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00, 0x8000));

    expect(Array.from(wide)).toEqual([1, -2, 2 ** -24, 65_504, -Infinity, -0]);
  });
});
