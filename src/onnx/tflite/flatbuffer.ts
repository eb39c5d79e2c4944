/**
 * Reads FlatBuffers tables (flatbuffers.dev/internals): little-endian; a table starts with the signed distance back to
 * its vtable, which holds the tables's field offsets as uint16, 0 where a field has its default. Positions are byte
 * offsets into the buffer; 0 stands for "absent". Reading outside the buffer throws a RangeError, and so does reading more
 * elements than it has bytes: tables can share a vector, so that a small file could hold more than memory does.
 */
export class FlatBuffer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Elements that may yet be read. */
  #left: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#left = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Position of the root table. */
  root(): number {
    return this.#view.getUint32(0, true);
  }

  /** Position of a scalar field's value, 0 if absent. */
  field(table: number, index: number): number {
    const vtable = table - this.#view.getInt32(table, true);
    const entry = 4 + 2 * index;
    if (entry >= this.#view.getUint16(vtable, true)) return 0;
    const distance = this.#view.getUint16(vtable + entry, true);
    return distance === 0 ? 0 : table + distance;
  }

  byte(table: number, index: number, absent = 0): number {
    const at = this.field(table, index);
    return at === 0 ? absent : this.#view.getInt8(at);
  }

  int(table: number, index: number, absent = 0): number {
    const at = this.field(table, index);
    return at === 0 ? absent : this.#view.getInt32(at, true);
  }

  /** Position of a sub-table, string or vector, 0 if absent. */
  reference(table: number, index: number): number {
    const at = this.field(table, index);
    return at === 0 ? 0 : at + this.#view.getUint32(at, true);
  }

  text(table: number, index: number): string {
    const bytes = this.bytes(table, index);
    this.#spend(bytes.length);
    return Buffer.from(bytes).toString('utf8');
  }

  /** A vector of bytes, as a view. */
  bytes(table: number, index: number): Uint8Array {
    const at = this.reference(table, index);
    if (at === 0) return new Uint8Array(0);
    const length = this.#view.getUint32(at, true);
    if (at + 4 + length > this.#bytes.length) throw new RangeError('vector reaches beyond the buffer');
    return this.#bytes.subarray(at + 4, at + 4 + length);
  }

  ints(table: number, index: number): number[] {
    const at = this.reference(table, index);
    const length = this.#length(at);
    return Array.from({ length }, (_, k) => this.#view.getInt32(at + 4 + 4 * k, true));
  }

  /** Positions of the tables of a vector of tables. */
  tables(table: number, index: number): number[] {
    const at = this.reference(table, index);
    const length = this.#length(at);
    return Array.from({ length }, (_, k) => {
      const element = at + 4 + 4 * k;
      return element + this.#view.getUint32(element, true);
    });
  }

  /** Elements of a vector of 4-byte elements; checked before anything of that length is allocated. */
  #length(at: number): number {
    if (at === 0) return 0;
    const length = this.#view.getUint32(at, true);
    if (at + 4 + 4 * length > this.#bytes.length) throw new RangeError('vector reaches beyond the buffer');
    this.#spend(length);
    return length;
  }

  #spend(elements: number): void {
    this.#left -= elements;
    if (this.#left < 0) throw new RangeError('more elements than the buffer has bytes');
  }
}
