/** One field of a protocol buffers message, as it lies on the wire. */
export type ProtobufField =
  | { readonly number: number; readonly kind: 'integer'; readonly value: number }
  | { readonly number: number; readonly kind: 'fixed32'; readonly value: number }
  | { readonly number: number; readonly kind: 'fixed64'; readonly value: number }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Uint8Array };

/** Bytes of the longest integer on the wire. */
const LONGEST_INTEGER = 10;

/**
 * Splits a message into its fields, in order (protobuf.dev/programming-guides/encoding).
 * @throws RangeError if it is cut short, or has a wire type that is not read here (groups) or an endless integer
 */
export function readProtobuf(message: Uint8Array): ProtobufField[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const fields: ProtobufField[] = [];
  let at = 0;
  const integer = (): number => readInteger(() => message[at++]);
  while (at < message.length) {
    const key = integer();
    const number = Math.floor(key / 8);
    const wireType = key % 8;
    if (wireType === 0) {
      fields.push({ number, kind: 'integer', value: integer() });
    } else if (wireType === 2) {
      const length = integer();
      if (at + length > message.length) throw new RangeError('field reaches beyond the message');
      fields.push({ number, kind: 'bytes', value: message.subarray(at, at + length) });
      at += length;
    } else if (wireType === 5) {
      fields.push({ number, kind: 'fixed32', value: view.getFloat32(at, true) });
      at += 4;
    } else if (wireType === 1) {
      fields.push({ number, kind: 'fixed64', value: view.getFloat64(at, true) });
      at += 8;
    } else {
      throw new RangeError(`wire type is one that is read here [wireType:${wireType}]`);
    }
  }
  return fields;
}

/** All integers of a repeated field, packed or not. @throws RangeError if one does not end */
export function repeatedIntegers(fields: readonly ProtobufField[], number: number): number[] {
  return fields
    .filter((field) => field.number === number)
    .flatMap((field) => (field.kind === 'bytes' ? unpackIntegers(field.value) : [field.value]));
}

/** All floats of a repeated field, packed or not. */
export function repeatedFloats(fields: readonly ProtobufField[], number: number): number[] {
  return fields
    .filter((field) => field.number === number)
    .flatMap((field) => {
      if (field.kind !== 'bytes') return [field.value];
      const view = new DataView(field.value.buffer, field.value.byteOffset, field.value.byteLength);
      return Array.from({ length: view.byteLength >> 2 }, (_, k) => view.getFloat32(4 * k, true));
    });
}

function unpackIntegers(packed: Uint8Array): number[] {
  const values: number[] = [];
  let at = 0;
  while (at < packed.length) values.push(readInteger(() => packed[at++]));
  return values;
}

/**
 * An int64, byte by byte. Its bits come seven at a time, the low ones first; a negative one has all ten bytes. Beyond 2^53 it is the
 * nearest number.
 * @param next the next byte; undefined at the end
 * @throws RangeError if it does not end
 */
export function readInteger(next: () => number | undefined): number {
  let [low, high] = [0, 0];
  for (let size = 0; size < LONGEST_INTEGER; size++) {
    const byte = next();
    if (byte === undefined) break;
    // 35 bits are in the low part.
    if (size < 5) low += (byte & 127) * 128 ** size;
    else high += (byte & 127) * 128 ** (size - 5);
    if (byte >= 128) continue;
    // The sign is bit 63, 28 of the high part.
    return (high >= 2 ** 28 ? high - 2 ** 29 : high) * 2 ** 35 + low;
  }
  throw new RangeError('integer ends');
}
