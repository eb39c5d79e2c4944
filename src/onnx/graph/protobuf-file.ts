import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { readInteger } from './protobuf-reader.ts';

/** Bytes that are read at once. */
const WINDOW = 65_536;
/** Bytes of the values of 64-bit and 32-bit fields, by wire type. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** A field of a message, and where in the file its value is. */
export interface FileField {
  readonly number: number;
  /** Value of an integer; undefined for other fields. */
  readonly value: number | undefined;
  readonly start: number;
  readonly end: number;
}

/**
 * A protocol buffers message in a file (protobuf.dev/programming-guides/encoding), walked without reading what is not asked for:
 * weights of hundreds of megabytes are stepped over.
 */
export class ProtobufFile {
  readonly length: number;
  readonly #file: number;
  readonly #window = new Uint8Array(WINDOW);
  /** What the window holds. */
  #from = 0;
  #to = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.length = fstatSync(this.#file).size;
  }

  /**
   * The fields between two places, in order.
   * @throws RangeError if one reaches beyond `end`, or is none
   */
  *fields({ start, end }: { readonly start: number; readonly end: number }): Generator<FileField> {
    let at = start;
    const integer = (): number => readInteger(() => (at < end ? this.#byte(at++) : undefined));
    while (at < end) {
      const key = integer();
      const [number, wireType] = [Math.floor(key / 8), key % 8];
      const value = wireType === 0 ? integer() : undefined;
      const length = wireType === 2 ? integer() : (FIXED[wireType] ?? 0);
      if (number === 0 || (![0, 2].includes(wireType) && FIXED[wireType] === undefined)) {
        throw new RangeError(`field is one [wireType:${wireType}]`);
      }
      if (at + length > end) throw new RangeError(`field reaches beyond the message [number:${number}]`);
      yield { number, value, start: at, end: at + length };
      at += length;
    }
  }

  /** The bytes of a field. */
  bytes({ start, end }: FileField): Uint8Array {
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length;) {
      const read = readSync(this.#file, bytes, at, bytes.length - at, start + at);
      if (read === 0) throw new RangeError('file ends');
      at += read;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#file);
  }

  #byte(at: number): number {
    if (at < this.#from || at >= this.#to) {
      this.#from = at;
      this.#to = at + readSync(this.#file, this.#window, 0, WINDOW, at);
      if (this.#to === at) throw new RangeError('file ends');
    }
    return this.#window[at - this.#from]!;
  }
}
