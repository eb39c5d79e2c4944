/**
 * STUN as far as ICE needs it: binding requests and their answers (RFC 8489 §5, RFC 8445 §7).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |0 0|     STUN message type     |         message length        |
 *  |                         magic cookie                          |
 *  |                     transaction id (96 bits)                  |
 *  |       attribute type          |       attribute length        |  … repeated, values padded to 4 bytes
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { addressOf, type Remote } from './internet-address.ts';

export const COOKIE = 0x2112a442;
export const HEADER = 20;
/** Longest message that is read, bytes; a browser's has about 100. */
export const MAXIMUM_LENGTH = 1024;

export const KIND = { request: 0x0001, success: 0x0101, error: 0x0111 } as const;
export type StunKind = keyof typeof KIND;

export const ATTRIBUTE = {
  username: 0x0006,
  integrity: 0x0008,
  errorCode: 0x0009,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  controlled: 0x8029,
  controlling: 0x802a,
} as const;

export const INTEGRITY_LENGTH = 20;

/** Which side decides on the pair (RFC 8445 §4). */
export type IceRole = 'controlling' | 'controlled';

/** A binding message, as far as its integrity covers it: attributes behind MESSAGE-INTEGRITY are not read. */
export interface StunMessage {
  readonly kind: StunKind;
  /** 12 bytes, a view. */
  readonly transaction: Buffer;
  /** `receiver's:sender's` fragment. */
  readonly username: string | undefined;
  readonly priority: number | undefined;
  readonly useCandidate: boolean;
  /** What the sender believes to be. */
  readonly role: IceRole | undefined;
  readonly tieBreaker: bigint;
  /** XOR-MAPPED-ADDRESS. */
  readonly mapped: Remote | undefined;
  /** ERROR-CODE, 300–699. */
  readonly errorCode: number | undefined;
  /** Where MESSAGE-INTEGRITY starts; `undefined` if there is none. */
  readonly integrityAt: number | undefined;
}

type Fields = { -readonly [Key in keyof StunMessage]: StunMessage[Key] };

/** Reads a binding request or response; anything else is `undefined`. */
export function parseStun(data: Buffer): StunMessage | undefined {
  if (data.length < HEADER || data.length > MAXIMUM_LENGTH) return undefined;
  if (data.readUInt32BE(4) !== COOKIE || data.readUInt16BE(2) !== data.length - HEADER) return undefined;
  const type = data.readUInt16BE(0);
  const kind = (Object.keys(KIND) as StunKind[]).find((name) => KIND[name] === type);
  if (kind === undefined) return undefined;
  const fields: Fields = {
    kind,
    transaction: data.subarray(8, HEADER),
    username: undefined,
    priority: undefined,
    useCandidate: false,
    role: undefined,
    tieBreaker: 0n,
    mapped: undefined,
    errorCode: undefined,
    integrityAt: undefined,
  };
  for (let at = HEADER; at + 4 <= data.length;) {
    const attribute = data.readUInt16BE(at);
    const length = data.readUInt16BE(at + 2);
    if (at + 4 + length > data.length) return undefined;
    if (attribute === ATTRIBUTE.integrity) {
      return length === INTEGRITY_LENGTH ? { ...fields, integrityAt: at } : undefined;
    }
    readAttribute(fields, attribute, data.subarray(at + 4, at + 4 + length));
    at += 4 + ((length + 3) & ~3);
  }
  return fields;
}

function readAttribute(fields: Fields, attribute: number, value: Buffer): void {
  switch (attribute) {
    case ATTRIBUTE.username:
      fields.username = value.toString('utf8');
      return;
    case ATTRIBUTE.useCandidate:
      fields.useCandidate = true;
      return;
    case ATTRIBUTE.priority:
      if (value.length === 4) fields.priority = value.readUInt32BE(0);
      return;
    case ATTRIBUTE.controlled:
    case ATTRIBUTE.controlling:
      fields.role = attribute === ATTRIBUTE.controlled ? 'controlled' : 'controlling';
      if (value.length === 8) fields.tieBreaker = value.readBigUInt64BE(0);
      return;
    case ATTRIBUTE.errorCode:
      if (value.length >= 4) fields.errorCode = ((value[2] ?? 0) & 7) * 100 + (value[3] ?? 0);
      return;
    case ATTRIBUTE.xorMappedAddress:
      fields.mapped = readMapped(value, fields.transaction);
      return;
    default:
      return;
  }
}

/** | 0 (8) | family (8) | port xor cookie (16) | address xor cookie and transaction id | (RFC 8489 §14.2). */
function readMapped(value: Buffer, transaction: Buffer): Remote | undefined {
  if (value.length !== 8 && value.length !== 20) return undefined;
  const address = addressOf(xored(value.subarray(4), transaction));
  return address === undefined ? undefined : { address, port: value.readUInt16BE(2) ^ (COOKIE >>> 16) };
}

/** Bytes of an address, masked or unmasked: the two are the same. */
export function xored(bytes: Uint8Array, transaction: Uint8Array): Buffer {
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(COOKIE, 0);
  mask.set(transaction, 4);
  return Buffer.from(bytes.map((byte, index) => byte ^ (mask[index] ?? 0)));
}

/** Whether the message was made by someone who knows `password` (RFC 8489 §14.5). */
export function verifyIntegrity(data: Buffer, message: StunMessage, password: string): boolean {
  const at = message.integrityAt;
  if (at === undefined) return false;
  const digest = integrityOf(data.subarray(0, at), password);
  return timingSafeEqual(digest, data.subarray(at + 4, at + 4 + INTEGRITY_LENGTH));
}

/** HMAC-SHA1 over all before MESSAGE-INTEGRITY, with the length field as if the message ended behind it. */
export function integrityOf(before: Buffer, password: string): Buffer {
  const head = Buffer.from(before.subarray(0, HEADER));
  head.writeUInt16BE(before.length - HEADER + 4 + INTEGRITY_LENGTH, 2);
  return createHmac('sha1', password).update(head).update(before.subarray(HEADER)).digest();
}

/** Whose user fragment a binding request names first: the receiver's; `undefined` if it is none. */
export function receiverFragment(data: Buffer): string | undefined {
  const message = parseStun(data);
  return message?.kind === 'request' ? (message.username ?? '').split(':', 1)[0] : undefined;
}

/** The key under which an answer is waited for. */
export function transactionKey(transaction: Uint8Array): string {
  return Buffer.from(transaction).toString('latin1');
}
