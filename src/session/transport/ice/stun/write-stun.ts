/** Writes the STUN messages of ICE (RFC 8489 §5, RFC 8445 §7.1). The layout is drawn in stun.ts. */
import { addressBytes, type Remote } from './internet-address.ts';
import { ATTRIBUTE, COOKIE, HEADER, INTEGRITY_LENGTH, integrityOf, KIND, xored, type IceRole } from './stun.ts';

const FINGERPRINT_XOR = 0x5354554e;

/** What a connectivity check says. */
export interface CheckFields {
  /** 12 random bytes. */
  readonly transaction: Buffer;
  /** `theirs:ours`. */
  readonly username: string;
  /** What a candidate would have that the peer learns by this check. */
  readonly priority: number;
  readonly role: IceRole;
  readonly tieBreaker: bigint;
  readonly useCandidate: boolean;
}

/** A connectivity check, sealed with the peer's password. */
export function writeCheck(fields: CheckFields, password: string): Buffer {
  const priority = Buffer.alloc(4);
  priority.writeUInt32BE(fields.priority);
  const tieBreaker = Buffer.alloc(8);
  tieBreaker.writeBigUInt64BE(fields.tieBreaker);
  const attributes = [
    attribute(ATTRIBUTE.username, Buffer.from(fields.username)),
    attribute(ATTRIBUTE.priority, priority),
    attribute(ATTRIBUTE[fields.role], tieBreaker),
    ...(fields.useCandidate ? [attribute(ATTRIBUTE.useCandidate, Buffer.alloc(0))] : []),
  ];
  return seal(KIND.request, fields.transaction, { body: Buffer.concat(attributes), password });
}

/** A request to a STUN server, which answers with the address that it sees. */
export function writeServerRequest(transaction: Buffer): Buffer {
  return message(KIND.request, transaction, Buffer.alloc(0));
}

/** The success response: tells the peer the address that it was seen from. */
export function writeSuccess(transaction: Buffer, from: Remote, password: string): Buffer {
  const address = addressBytes(from.address);
  const head = Buffer.alloc(4);
  head[1] = address.length === 4 ? 1 : 2;
  head.writeUInt16BE(from.port ^ (COOKIE >>> 16), 2);
  const mapped = attribute(ATTRIBUTE.xorMappedAddress, Buffer.concat([head, xored(address, transaction)]));
  return seal(KIND.success, transaction, { body: mapped, password });
}

/** 487 Role Conflict (RFC 8445 §7.3.1.1). */
export function writeRoleConflict(transaction: Buffer, password: string): Buffer {
  const body = attribute(ATTRIBUTE.errorCode, Buffer.from([0, 0, 4, 87]));
  return seal(KIND.error, transaction, { body, password });
}

function attribute(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

function message(type: number, transaction: Uint8Array, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER + body.length);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(body.length, 2);
  bytes.writeUInt32BE(COOKIE, 4);
  bytes.set(transaction, 8);
  bytes.set(body, HEADER);
  return bytes;
}

/** Header, body, MESSAGE-INTEGRITY and FINGERPRINT. */
function seal(type: number, transaction: Uint8Array, content: { body: Buffer; password: string }): Buffer {
  const { body, password } = content;
  const bytes = message(type, transaction, Buffer.concat([body, Buffer.alloc(4 + INTEGRITY_LENGTH + 8)]));
  const end = HEADER + body.length;
  bytes.writeUInt16BE(ATTRIBUTE.integrity, end);
  bytes.writeUInt16BE(INTEGRITY_LENGTH, end + 2);
  integrityOf(bytes.subarray(0, end), password).copy(bytes, end + 4);
  const fingerprintAt = end + 4 + INTEGRITY_LENGTH;
  bytes.writeUInt16BE(ATTRIBUTE.fingerprint, fingerprintAt);
  bytes.writeUInt16BE(4, fingerprintAt + 2);
  bytes.writeUInt32BE((crc32(bytes.subarray(0, fingerprintAt)) ^ FINGERPRINT_XOR) >>> 0, fingerprintAt + 4);
  return bytes;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  let crc = value;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
