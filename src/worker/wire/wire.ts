/**
 * Framing between processes, over a Unix stream socket (docs/protocol.md, "Between processes"). Big endian.
 *
 *      0               4      5                8
 *      +---------------+------+----------------+---------------------+-------------------+
 *      | length        | kind | header length  | header: JSON, UTF-8 | payload: raw bytes|
 *      +---------------+------+----------------+---------------------+-------------------+
 *       bytes after the first four; control in the header, pictures and photos only in the payload
 */
import { GatewayError } from '../../errors.ts';

/** What a frame is for. */
export const WIRE_KINDS = {
  request: 1,
  reply: 2,
  failure: 3,
  notice: 4,
  /** Payload: 4 bytes, how many bytes of frames the reader has taken. */
  credit: 5,
  /** Says that the sender's event loop turns; no header, no payload. */
  ping: 6,
} as const;
export type WireKind = keyof typeof WIRE_KINDS;

/** Bytes before header and payload. */
export const WIRE_PRELUDE = 8;
/** Largest frame: a photo of 32 MiB with its header. A longer one is garbage. */
export const MAXIMUM_FRAME = 33 * 1024 * 1024;
/** Largest header; an SDP offer fits several times. */
export const MAXIMUM_HEADER = 1024 * 1024;

export interface WireFrame {
  readonly kind: WireKind;
  /** Parsed JSON; `null` where the frame has no header. Not yet checked. */
  readonly header: unknown;
  readonly payload: Uint8Array;
  /** Bytes on the wire. */
  readonly size: number;
}

const nothing = new Uint8Array(0);
const kindOf = new Map<number, WireKind>(
  (Object.entries(WIRE_KINDS) as [WireKind, number][]).map(([kind, code]) => [code, kind]),
);

/**
 * The bytes of a frame up to its payload, which the caller writes right behind: a payload is never copied.
 * @throws TypeError if it is over the limits
 */
export function frameHead(kind: WireKind, header: unknown, payloadLength: number): Uint8Array {
  const json = header === null ? nothing : Buffer.from(JSON.stringify(header));
  const length = WIRE_PRELUDE - 4 + json.length + payloadLength;
  if (json.length > MAXIMUM_HEADER || length > MAXIMUM_FRAME) {
    throw new TypeError(`a frame must fit the wire [header:${json.length}] [payload:${payloadLength}]`);
  }
  const head = Buffer.allocUnsafe(WIRE_PRELUDE + json.length);
  head.writeUInt32BE(length, 0);
  head.writeUInt8(WIRE_KINDS[kind], 4);
  head.writeUIntBE(json.length, 5, 3);
  head.set(json, WIRE_PRELUDE);
  return head;
}

/** Cuts a byte stream into frames. Holds at most one unfinished frame. */
export class FrameReader {
  readonly #prelude = Buffer.allocUnsafe(WIRE_PRELUDE);
  #preludeFilled = 0;
  #body: Buffer | undefined;
  #bodyFilled = 0;

  /**
   * Takes the next bytes and gives the frames that they complete. Payloads are the caller's to keep.
   * @throws GatewayError message_invalid on garbage; nothing after it can be read
   */
  push(bytes: Uint8Array): WireFrame[] {
    const frames: WireFrame[] = [];
    let at = 0;
    while (at < bytes.length) {
      at = this.#body === undefined ? this.#readPrelude(bytes, at) : this.#readBody(bytes, at, this.#body);
      if (this.#body !== undefined && this.#bodyFilled === this.#body.length) frames.push(this.#finish(this.#body));
    }
    return frames;
  }

  #readPrelude(bytes: Uint8Array, at: number): number {
    const taken = Math.min(WIRE_PRELUDE - this.#preludeFilled, bytes.length - at);
    this.#prelude.set(bytes.subarray(at, at + taken), this.#preludeFilled);
    this.#preludeFilled += taken;
    if (this.#preludeFilled === WIRE_PRELUDE) {
      const bodyLength = this.#prelude.readUInt32BE(0) - (WIRE_PRELUDE - 4);
      const headerLength = this.#prelude.readUIntBE(5, 3);
      if (bodyLength < headerLength || bodyLength > MAXIMUM_FRAME || headerLength > MAXIMUM_HEADER) {
        throw new GatewayError('message_invalid', `wire frame must have sane lengths [length:${bodyLength}]`);
      }
      this.#body = Buffer.allocUnsafeSlow(bodyLength);
      this.#bodyFilled = 0;
    }
    return at + taken;
  }

  #readBody(bytes: Uint8Array, at: number, body: Buffer): number {
    const taken = Math.min(body.length - this.#bodyFilled, bytes.length - at);
    body.set(bytes.subarray(at, at + taken), this.#bodyFilled);
    this.#bodyFilled += taken;
    return at + taken;
  }

  #finish(body: Buffer): WireFrame {
    const code = this.#prelude.readUInt8(4);
    const kind = kindOf.get(code);
    if (kind === undefined)
      throw new GatewayError('message_invalid', `wire frame must be of a known kind [kind:${code}]`);
    const headerLength = this.#prelude.readUIntBE(5, 3);
    const header = headerLength === 0 ? null : parse(body.subarray(0, headerLength));
    this.#body = undefined;
    this.#preludeFilled = 0;
    return { kind, header, payload: body.subarray(headerLength), size: WIRE_PRELUDE + body.length };
  }
}

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch (cause) {
    throw new GatewayError('message_invalid', 'wire header must be JSON', { cause });
  }
}
