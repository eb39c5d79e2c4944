import { expect, it } from 'vitest';
import { FlatBuffer } from './flatbuffer.ts';

/** A root table whose field 0 is a vector of `length` numbers. */
function vectorOf(length: number): Uint8Array {
  const bytes = Buffer.alloc(22 + 4 * length);
  bytes.writeUInt32LE(10, 0); // the root table
  bytes.writeUInt16LE(6, 4); // its vtable: size, size of the table, field 0
  bytes.writeUInt16LE(4, 8);
  bytes.writeInt32LE(6, 10); // back to the vtable
  bytes.writeUInt32LE(4, 14); // field 0: to the vector
  bytes.writeUInt32LE(length, 18);
  return bytes;
}

it('gives a vector once for each who holds it, but not more elements in all than the file has bytes', () => {
  const file = new FlatBuffer(vectorOf(100));
  for (let reads = 0; reads < 4; reads++) expect(file.ints(file.root(), 0)).toHaveLength(100);
  expect(() => file.ints(file.root(), 0)).toThrow(/more elements than the buffer has bytes/);
});
