import { closeSync, openSync, readSync } from 'node:fs';
import type { Constant } from './onnx-model.ts';
import { DATA_TYPES, TENSOR, type DataType } from './onnx-encode.ts';
import { narrowFloat16, widenFloat16 } from '../float16.ts';
import type { FileField } from './protobuf-file.ts';
import { repeatedIntegers, type ProtobufField } from './protobuf-reader.ts';

/** Bytes of an element. */
export const ELEMENT_BYTES: Readonly<Record<DataType, number>> = {
  float32: 4,
  uint8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
};

/** A field of a message in memory or in a file, whose bytes are read when they are asked for. */
export interface LateField {
  readonly number: number;
  /** Of an integer. */
  readonly value: number | undefined;
  readonly length: number;
  bytes(): Uint8Array;
}

/**
 * A `TensorProto`.
 * @throws RangeError if its values are not there, or of a type that is not read here
 */
export function readConstant(fields: readonly LateField[], as?: string): Constant {
  const name = as ?? Buffer.from(fields.find(({ number }) => number === TENSOR.name)?.bytes() ?? []).toString('utf8');
  const code = fields.find(({ number }) => number === TENSOR.type)?.value;
  const type = (Object.keys(DATA_TYPES) as DataType[]).find((key) => DATA_TYPES[key] === code);
  if (type === undefined) throw new RangeError(`constants are numbers [constant:${name}] [type:${code}]`);
  if ((fields.find(({ number }) => number === TENSOR.location)?.value ?? 0) !== 0) {
    throw new RangeError(`constants are in the file itself [constant:${name}]`);
  }
  const extents = integersAmong(fields, TENSOR.dims);
  const length = extents.reduce((product, extent) => product * extent, ELEMENT_BYTES[type]);
  const raw = rawOf(fields, type);
  if (raw.length !== length) throw new RangeError(`constants have all their values [constant:${name}]`);
  return { name, type, extents, raw };
}

/** A field that stays in its file. */
export function fieldInFile(path: string, { number, value, start, end }: FileField): LateField {
  return { number, value, length: end - start, bytes: () => stretchOf(path, start, end) };
}

/** A field of a message that was read. */
export function fieldInMemory({ number, value }: ProtobufField): LateField {
  const bytes = value instanceof Uint8Array ? value : new Uint8Array(Float32Array.of(value).buffer);
  return { number, value: value instanceof Uint8Array ? undefined : value, length: bytes.length, bytes: () => bytes };
}

/** The numbers of a constant of fractional ones; undefined if it is of others. */
export function floatsOf({ type, raw }: Constant): Float32Array | undefined {
  if (type === 'float32') return new Float32Array(aligned(raw.make()));
  if (type === 'float16') return widenFloat16(new Uint16Array(aligned(raw.make())));
  if (type === 'float64') return Float32Array.from(new Float64Array(aligned(raw.make())));
  return undefined;
}

/** The numbers of a constant of whole ones; undefined if it is of others. */
export function wholesOf({ type, raw }: Constant): number[] | undefined {
  if (type === 'int64') return Array.from(new BigInt64Array(aligned(raw.make())), Number);
  if (type === 'int32') return [...new Int32Array(aligned(raw.make()))];
  return undefined;
}

/** The bytes of numbers as elements of a type. */
export function bytesOfNumbers(type: 'float32' | 'float16' | 'int64', values: Iterable<number>): Uint8Array {
  if (type === 'int64') return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  const array = type === 'float16' ? Uint16Array.from(values, narrowFloat16) : Float32Array.from(values);
  return new Uint8Array(array.buffer);
}

function stretchOf(path: string, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  const file = openSync(path, 'r');
  try {
    for (let at = 0; at < bytes.length;) {
      const read = readSync(file, bytes, at, bytes.length - at, start + at);
      if (read === 0) throw new RangeError('the file is as long as it was');
      at += read;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}

/** A buffer of its own: views of wider elements need one. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
    ? (bytes.buffer as ArrayBuffer)
    : new Uint8Array(bytes).buffer;
}

/** Values are raw, or a packed field of their type, which is the same for fractions. */
function rawOf(fields: readonly LateField[], type: DataType): Constant['raw'] {
  const raw = fields.find(({ number }) => number === TENSOR.raw);
  if (raw !== undefined) return late(raw);
  if (type === 'float32' || type === 'float64') {
    const packed = fields.filter(({ number }) => number === (type === 'float32' ? TENSOR.floats : TENSOR.doubles));
    if (packed.length === 1) return late(packed[0]!);
    const bytes = Buffer.concat(packed.map((field) => field.bytes()));
    return { length: bytes.length, make: () => bytes };
  }
  const values = integersAmong(fields, type === 'int64' ? TENSOR.int64s : TENSOR.int32s);
  const bytes = new Uint8Array(values.length * ELEMENT_BYTES[type]);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of values.entries()) {
    if (type === 'int64') view.setBigInt64(8 * at, BigInt(value), true);
    else if (type === 'int32') view.setInt32(4 * at, value, true);
    else if (type === 'float16') view.setUint16(2 * at, value, true);
    else view.setUint8(at, value);
  }
  return { length: bytes.length, make: () => bytes };
}

function late({ length, bytes }: LateField): Constant['raw'] {
  return { length, make: bytes };
}

function integersAmong(fields: readonly LateField[], wanted: number): number[] {
  return fields
    .filter(({ number }) => number === wanted)
    .flatMap(({ value, bytes }) =>
      value === undefined ? repeatedIntegers([{ number: wanted, kind: 'bytes', value: bytes() }], wanted) : [value],
    );
}
