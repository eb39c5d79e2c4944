/** Wire types of protocol buffers (protobuf.dev/programming-guides/encoding). */
const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** Bytes that are made when they are written: weights of hundreds of megabytes are never all in memory. */
export interface LateBytes {
  readonly length: number;
  /** Exactly `length` bytes, the same at every call; they are used up before the next are asked for. */
  make(): Uint8Array;
}

/**
 * Writes one protocol buffers message. Parts are kept as views until they are written, so that weights are copied once
 * however deeply they are nested, or not at all.
 */
export class ProtobufWriter {
  readonly #parts: (Uint8Array | LateBytes)[] = [];
  #length = 0;

  /** An int32, int64, enum or bool field; negative numbers are written as 64-bit two's complement. */
  integer(field: number, value: number): this {
    this.#tag(field, VARINT);
    return this.#push(varint(value));
  }

  float(field: number, value: number): this {
    this.#tag(field, FIXED_32);
    return this.#push(new Uint8Array(Float32Array.of(value).buffer));
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  /** `value` must not change until it is written. */
  bytes(field: number, value: Uint8Array | LateBytes): this {
    this.#tag(field, LENGTH_DELIMITED);
    this.#push(varint(value.length));
    return this.#push(value);
  }

  /** A finished sub-message. */
  message(field: number, value: ProtobufWriter): this {
    this.#tag(field, LENGTH_DELIMITED);
    this.#push(varint(value.#length));
    for (const part of value.#parts) this.#push(part);
    return this;
  }

  /** The message, piece by piece. */
  *pieces(): Generator<Uint8Array> {
    for (const part of this.#parts) yield part instanceof Uint8Array ? part : part.make();
  }

  /** The whole message. */
  finish(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.pieces()) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  #tag(field: number, wireType: number): void {
    this.#push(varint((field << 3) | wireType));
  }

  #push(part: Uint8Array | LateBytes): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

function varint(value: number): Uint8Array {
  if (value >= 0 && value < 128) return Uint8Array.of(value);
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
