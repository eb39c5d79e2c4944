/** What a FlexBuffer holds, as plain values. */
export type FlexValue = null | boolean | number | string | FlexValue[] | { [key: string]: FlexValue };

/** Type numbers of FlexBuffers (flatbuffers.dev/internals, "FlexBuffers"). */
const NULL = 0;
const INT = 1;
const UINT = 2;
const FLOAT = 3;
const KEY = 4;
const STRING = 5;
const INDIRECT_INT = 6;
const INDIRECT_UINT = 7;
const INDIRECT_FLOAT = 8;
const MAP = 9;
const VECTOR = 10;
const TYPED_VECTOR_INT = 11;
const TYPED_VECTOR_KEY = 14;
const BOOL = 26;

/** Deepest nesting that is followed; MediaPipe's parameters have two levels. */
const MAXIMUM_DEPTH = 8;
/** Values that are read in all: nested vectors can hold each other over and over, and grow by powers. */
const MAXIMUM_VALUES = 65_536;

/**
 * Reads a FlexBuffer, the schemaless format in which TFLite keeps the parameters of custom operators. It is read from its
 * end: width of the root, packed type of the root, and before them the root itself.
 * @throws RangeError where it is cut short or holds too much, TypeError at a type that operators do not use
 */
export function readFlexBuffer(bytes: Uint8Array): FlexValue {
  const reader = new FlexReader(bytes);
  const rootWidth = reader.unsigned(bytes.length - 1, 1);
  const packedType = reader.unsigned(bytes.length - 2, 1);
  return reader.value(bytes.length - 2 - rootWidth, packedType, rootWidth, 0);
}

class FlexReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #left = MAXIMUM_VALUES;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  unsigned(at: number, width: number): number {
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at, true);
    if (width === 4) return this.#view.getUint32(at, true);
    return Number(this.#view.getBigUint64(at, true));
  }

  /**
   * @param at where the slot is
   * @param packedType type in the upper six bits, width of what it points to (as a power of two) in the lower two
   * @param slotWidth bytes of the slot itself
   */
  value(at: number, packedType: number, slotWidth: number, depth: number): FlexValue {
    if (depth > MAXIMUM_DEPTH) throw new RangeError('nested too deeply');
    const type = packedType >> 2;
    const width = 1 << (packedType & 3);
    if (type === NULL) return null;
    if (type === INT) return this.#signed(at, slotWidth);
    if (type === UINT) return this.unsigned(at, slotWidth);
    if (type === FLOAT) return this.#float(at, slotWidth);
    if (type === BOOL) return this.unsigned(at, slotWidth) !== 0;
    const target = at - this.unsigned(at, slotWidth);
    if (type === INDIRECT_INT) return this.#signed(target, width);
    if (type === INDIRECT_UINT) return this.unsigned(target, width);
    if (type === INDIRECT_FLOAT) return this.#float(target, width);
    if (type === KEY) return this.#key(target);
    if (type === STRING) return this.#text(target, target + this.#count(target, width));
    if (type === MAP) return this.#map(target, width, depth);
    if (type === VECTOR) return this.#vector(target, width, depth);
    if (type >= TYPED_VECTOR_INT && type <= TYPED_VECTOR_KEY) {
      const elementType = (type - TYPED_VECTOR_INT + INT) << 2;
      const count = this.#count(target, width);
      return Array.from({ length: count }, (_, k) => this.value(target + k * width, elementType, width, depth + 1));
    }
    throw new TypeError(`FlexBuffer type is one that operators use [type:${type}]`);
  }

  #vector(target: number, width: number, depth: number): FlexValue[] {
    const count = this.#count(target, width);
    const types = target + count * width;
    return Array.from({ length: count }, (_, k) =>
      this.value(target + k * width, this.unsigned(types + k, 1), width, depth + 1),
    );
  }

  #map(target: number, width: number, depth: number): { [key: string]: FlexValue } {
    // Before a map's count: the distance to its vector of keys, and that vector's width.
    const keysSlot = target - 3 * width;
    const keys = keysSlot - this.unsigned(keysSlot, width);
    const keyWidth = this.unsigned(target - 2 * width, width);
    const map: { [key: string]: FlexValue } = {};
    this.#vector(target, width, depth).forEach((value, k) => {
      const slot = keys + k * keyWidth;
      map[this.#key(slot - this.unsigned(slot, keyWidth))] = value;
    });
    return map;
  }

  #count(target: number, width: number): number {
    const count = this.unsigned(target - width, width);
    if (target + count > this.#bytes.length) throw new RangeError('vector reaches beyond the buffer');
    this.#left -= count;
    if (this.#left < 0) throw new RangeError('more values than parameters have');
    return count;
  }

  #signed(at: number, width: number): number {
    if (width === 1) return this.#view.getInt8(at);
    if (width === 2) return this.#view.getInt16(at, true);
    if (width === 4) return this.#view.getInt32(at, true);
    return Number(this.#view.getBigInt64(at, true));
  }

  #float(at: number, width: number): number {
    return width === 8 ? this.#view.getFloat64(at, true) : this.#view.getFloat32(at, true);
  }

  #key(start: number): string {
    const end = this.#bytes.indexOf(0, start);
    if (end < 0) throw new RangeError('key has no end');
    return this.#text(start, end);
  }

  #text(start: number, end: number): string {
    return Buffer.from(this.#bytes.subarray(start, end)).toString('utf8');
  }
}
