/**
 * The part of STUN that an ICE-lite agent needs: binding requests in, binding responses out (RFC 8489 §5, RFC 8445 §7.3).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |0 0|     STUN message type     |         message length        |
 *  |                         magic cookie                          |
 *  |                     transaction id (96 bits)                  |
 *  |       attribute type          |       attribute length        |  … repeated, values padded to 4 bytes
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const COOKIE = 0x2112a442;
const HEADER = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
/** Longest request that is read, bytes; a browser's has about 100. */
const MAXIMUM_LENGTH = 1024;

const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const XOR_MAPPED_ADDRESS = 0x0020;
const USE_CANDIDATE = 0x0025;
const FINGERPRINT = 0x8028;
const ICE_CONTROLLED = 0x8029;

const INTEGRITY_LENGTH = 20;
const FINGERPRINT_XOR = 0x5354554e;

/** A binding request, as far as its integrity covers it: attributes behind MESSAGE-INTEGRITY are not read. */
export interface BindingRequest {
  /** 12 bytes, a view. */
  readonly transaction: Buffer;
  /** `ours:theirs`. */
  readonly username: string;
  readonly useCandidate: boolean;
  /** The peer believes that it is the controlled side, which only we can be. */
  readonly controlled: boolean;
  /** Where MESSAGE-INTEGRITY starts. */
  readonly integrityAt: number;
}

/** Reads a binding request that carries USERNAME and MESSAGE-INTEGRITY; anything else is `undefined`. */
export function parseBindingRequest(data: Buffer): BindingRequest | undefined {
  if (data.length < HEADER || data.length > MAXIMUM_LENGTH) return undefined;
  if (data.readUInt16BE(0) !== BINDING_REQUEST || data.readUInt32BE(4) !== COOKIE) return undefined;
  if (data.readUInt16BE(2) !== data.length - HEADER) return undefined;
  let username: string | undefined;
  let useCandidate = false;
  let controlled = false;
  for (let at = HEADER; at + 4 <= data.length;) {
    const type = data.readUInt16BE(at);
    const length = data.readUInt16BE(at + 2);
    if (at + 4 + length > data.length) return undefined;
    if (type === MESSAGE_INTEGRITY) {
      if (length !== INTEGRITY_LENGTH || username === undefined) return undefined;
      return { transaction: data.subarray(8, HEADER), username, useCandidate, controlled, integrityAt: at };
    }
    if (type === USERNAME) username = data.toString('utf8', at + 4, at + 4 + length);
    else if (type === USE_CANDIDATE) useCandidate = true;
    else if (type === ICE_CONTROLLED) controlled = true;
    at += 4 + ((length + 3) & ~3);
  }
  return undefined;
}

/** Whether the request was made by someone who knows `password` (RFC 8489 §14.5). */
export function verifyIntegrity(data: Buffer, request: BindingRequest, password: string): boolean {
  const digest = integrity(data.subarray(0, request.integrityAt), password);
  return timingSafeEqual(digest, data.subarray(request.integrityAt + 4, request.integrityAt + 4 + INTEGRITY_LENGTH));
}

/** The success response: tells the peer the address that it was seen from (IPv4). */
export function bindingSuccess(request: BindingRequest, address: string, port: number, password: string): Buffer {
  const body = Buffer.alloc(12);
  body.writeUInt16BE(XOR_MAPPED_ADDRESS, 0);
  body.writeUInt16BE(8, 2);
  body[5] = 1;
  body.writeUInt16BE(port ^ (COOKIE >>> 16), 6);
  const octets = address.split('.');
  for (let i = 0; i < 4; i++) body[8 + i] = Number(octets[i]) ^ ((COOKIE >>> (24 - 8 * i)) & 0xff);
  return seal(BINDING_SUCCESS, request.transaction, body, password);
}

/** 487 Role Conflict: we are always the controlled side (RFC 8445 §7.3.1.1). */
export function roleConflict(request: BindingRequest, password: string): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16BE(ERROR_CODE, 0);
  body.writeUInt16BE(4, 2);
  body[6] = 4;
  body[7] = 87;
  return seal(BINDING_ERROR, request.transaction, body, password);
}

/** Header, `body`, MESSAGE-INTEGRITY and FINGERPRINT. */
function seal(type: number, transaction: Buffer, body: Buffer, password: string): Buffer {
  const end = HEADER + body.length;
  const message = Buffer.alloc(end + 4 + INTEGRITY_LENGTH + 8);
  message.writeUInt16BE(type, 0);
  message.writeUInt32BE(COOKIE, 4);
  transaction.copy(message, 8);
  body.copy(message, HEADER);
  message.writeUInt16BE(MESSAGE_INTEGRITY, end);
  message.writeUInt16BE(INTEGRITY_LENGTH, end + 2);
  integrity(message.subarray(0, end), password).copy(message, end + 4);
  const fingerprintAt = end + 4 + INTEGRITY_LENGTH;
  message.writeUInt16BE(message.length - HEADER, 2);
  message.writeUInt16BE(FINGERPRINT, fingerprintAt);
  message.writeUInt16BE(4, fingerprintAt + 2);
  message.writeUInt32BE((crc32(message.subarray(0, fingerprintAt)) ^ FINGERPRINT_XOR) >>> 0, fingerprintAt + 4);
  return message;
}

/** HMAC-SHA1 over all before MESSAGE-INTEGRITY, with the length field as if the message ended behind it. */
function integrity(before: Buffer, password: string): Buffer {
  const head = Buffer.from(before.subarray(0, HEADER));
  head.writeUInt16BE(before.length - HEADER + 4 + INTEGRITY_LENGTH, 2);
  return createHmac('sha1', password).update(head).update(before.subarray(HEADER)).digest();
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  let crc = value;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
