/**
 * DTLS records in a datagram (RFC 6347 §4.1).
 *
 *  | content type (8) | version (16) | epoch (16) | sequence number (48) | length (16) | fragment … |
 */
export interface DtlsRecord {
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly fragment: Buffer;
  /** The whole record, header included. */
  readonly bytes: Buffer;
}

/** Content types (RFC 5246 §6.2.1). */
export const RECORD = { alert: 21, handshake: 22 } as const;

const HEADER = 13;
/** A flight of a browser is split into fewer records than this. */
const MAXIMUM_RECORDS = 16;

/** The records of a datagram; a malformed rest is left out. */
export function splitRecords(datagram: Buffer): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  for (let at = 0; at + HEADER <= datagram.length && records.length < MAXIMUM_RECORDS;) {
    const end = at + HEADER + datagram.readUInt16BE(at + 11);
    if (end > datagram.length) break;
    records.push({
      type: datagram[at] ?? 0,
      version: datagram.readUInt16BE(at + 1),
      epoch: datagram.readUInt16BE(at + 3),
      sequence: datagram.readUIntBE(at + 5, 6),
      fragment: datagram.subarray(at + HEADER, end),
      bytes: datagram.subarray(at, end),
    });
    at = end;
  }
  return records;
}
