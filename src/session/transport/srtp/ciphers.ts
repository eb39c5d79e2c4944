/**
 * The two packet ciphers of DTLS-SRTP. Both turn a whole packet into a whole packet; `header` bytes stay readable.
 * `index` is the 48-bit SRTP packet index or the 31-bit SRTCP index. `open` gives `undefined` for what is not authentic.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { packetBytes } from '../../../rtp/packet/packet-bytes.ts';
import type { SessionKeys, SrtpProfile } from './keys.ts';

export interface PacketCipher {
  sealRtp(packet: Uint8Array, header: number, index: number): Buffer;
  openRtp(packet: Uint8Array, header: number, index: number): Buffer | undefined;
  sealRtcp(packet: Uint8Array, index: number): Buffer;
  openRtcp(packet: Uint8Array): { readonly packet: Buffer; readonly index: number } | undefined;
}

/** A cipher for one direction and protocol. */
export function packetCipher(profile: SrtpProfile, keys: SessionKeys): PacketCipher {
  return profile === 'aead-aes-gcm' ? new GcmCipher(keys) : new CounterCipher(keys);
}

/** Header of an RTCP packet that stays readable: first word and SSRC. */
const RTCP_HEADER = 8;
/** The word that carries the SRTCP index, and its top bit: "encrypted". */
const RTCP_INDEX = 4;
const ENCRYPTED = 0x80000000;

/** AES in counter mode with HMAC-SHA1 cut to 80 bits (RFC 3711 §4.1.1, §4.2). */
class CounterCipher implements PacketCipher {
  static readonly #TAG = 10;
  readonly #keys: SessionKeys;
  readonly #iv = Buffer.alloc(16);
  readonly #rollover = Buffer.alloc(4);

  constructor(keys: SessionKeys) {
    this.#keys = keys;
  }

  sealRtp(packet: Uint8Array, header: number, index: number): Buffer {
    const sealed = outgoing(packet.length + CounterCipher.#TAG);
    sealed.set(packet.subarray(0, header));
    sealed.set(this.#crypt(packet, header, packet.length, 8, index), header);
    this.#tagRtp(sealed.subarray(0, packet.length), index).copy(sealed, packet.length, 0, CounterCipher.#TAG);
    return sealed;
  }

  openRtp(packet: Uint8Array, header: number, index: number): Buffer | undefined {
    const end = packet.length - CounterCipher.#TAG;
    if (end < header) return undefined;
    const tag = this.#tagRtp(packet.subarray(0, end), index).subarray(0, CounterCipher.#TAG);
    if (!timingSafeEqual(tag, packet.subarray(end))) return undefined;
    const plain = Buffer.allocUnsafe(end);
    plain.set(packet.subarray(0, header));
    plain.set(this.#crypt(packet, header, end, 8, index), header);
    return plain;
  }

  sealRtcp(packet: Uint8Array, index: number): Buffer {
    const end = packet.length + RTCP_INDEX;
    const sealed = Buffer.allocUnsafe(end + CounterCipher.#TAG);
    sealed.set(packet.subarray(0, RTCP_HEADER));
    sealed.set(this.#crypt(packet, RTCP_HEADER, packet.length, 4, index), RTCP_HEADER);
    sealed.writeUInt32BE((ENCRYPTED | index) >>> 0, packet.length);
    this.#tag(sealed.subarray(0, end)).copy(sealed, end, 0, CounterCipher.#TAG);
    return sealed;
  }

  openRtcp(packet: Uint8Array): { packet: Buffer; index: number } | undefined {
    const end = packet.length - CounterCipher.#TAG;
    const bodyEnd = end - RTCP_INDEX;
    if (bodyEnd < RTCP_HEADER) return undefined;
    const tag = this.#tag(packet.subarray(0, end)).subarray(0, CounterCipher.#TAG);
    if (!timingSafeEqual(tag, packet.subarray(end))) return undefined;
    const word = readUint32(packet, bodyEnd);
    const index = word & 0x7fffffff;
    const plain = Buffer.allocUnsafe(bodyEnd);
    plain.set(packet.subarray(0, bodyEnd));
    if (word >>> 31 === 1) plain.set(this.#crypt(packet, RTCP_HEADER, bodyEnd, 4, index), RTCP_HEADER);
    return { packet: plain, index };
  }

  /** Encrypts or decrypts: in counter mode they are the same. @param ssrcAt where the SSRC stands in the packet */
  #crypt(packet: Uint8Array, from: number, to: number, ssrcAt: number, index: number): Buffer {
    const iv = this.#iv;
    this.#keys.salt.copy(iv);
    iv[14] = iv[15] = 0;
    for (let i = 0; i < 4; i++) iv[4 + i] = (iv[4 + i] ?? 0) ^ (packet[ssrcAt + i] ?? 0);
    xorUint48(iv, 8, index);
    return createCipheriv('aes-128-ctr', this.#keys.cipher, iv).update(packet.subarray(from, to));
  }

  #tagRtp(authenticated: Uint8Array, index: number): Buffer {
    this.#rollover.writeUInt32BE(Math.floor(index / 65536) >>> 0);
    return createHmac('sha1', this.#keys.authentication).update(authenticated).update(this.#rollover).digest();
  }

  #tag(authenticated: Uint8Array): Buffer {
    return createHmac('sha1', this.#keys.authentication).update(authenticated).digest();
  }
}

/** AES-128 in Galois/counter mode (RFC 7714 §8, §9). */
class GcmCipher implements PacketCipher {
  static readonly #TAG = 16;
  static readonly #OPTIONS = { authTagLength: 16 } as const;
  readonly #keys: SessionKeys;
  readonly #iv = Buffer.alloc(12);

  constructor(keys: SessionKeys) {
    this.#keys = keys;
  }

  sealRtp(packet: Uint8Array, header: number, index: number): Buffer {
    const sealed = outgoing(packet.length + GcmCipher.#TAG);
    sealed.set(packet.subarray(0, header));
    this.#seal(sealed, packet, header, packet.subarray(0, header), this.#nonce(packet, 8, index));
    return sealed;
  }

  openRtp(packet: Uint8Array, header: number, index: number): Buffer | undefined {
    const nonce = this.#nonce(packet, 8, index);
    return this.#open(packet, header, packet.length, packet.subarray(0, header), nonce);
  }

  sealRtcp(packet: Uint8Array, index: number): Buffer {
    const sealed = Buffer.allocUnsafe(packet.length + GcmCipher.#TAG + RTCP_INDEX);
    sealed.set(packet.subarray(0, RTCP_HEADER));
    sealed.writeUInt32BE((ENCRYPTED | index) >>> 0, sealed.length - RTCP_INDEX);
    this.#seal(sealed, packet, RTCP_HEADER, rtcpAssociated(sealed), this.#nonce(packet, 4, index));
    return sealed;
  }

  openRtcp(packet: Uint8Array): { packet: Buffer; index: number } | undefined {
    const end = packet.length - RTCP_INDEX;
    if (end < RTCP_HEADER + GcmCipher.#TAG) return undefined;
    const word = readUint32(packet, end);
    // Unencrypted SRTCP is allowed by the profile and sent by nobody.
    if (word >>> 31 === 0) return undefined;
    const index = word & 0x7fffffff;
    const plain = this.#open(packet, RTCP_HEADER, end, rtcpAssociated(packet), this.#nonce(packet, 4, index));
    return plain && { packet: plain, index };
  }

  #seal(sealed: Buffer, packet: Uint8Array, header: number, associated: Uint8Array, nonce: Buffer): void {
    const cipher = createCipheriv('aes-128-gcm', this.#keys.cipher, nonce, GcmCipher.#OPTIONS);
    cipher.setAAD(associated);
    sealed.set(cipher.update(packet.subarray(header)), header);
    cipher.final();
    sealed.set(cipher.getAuthTag(), packet.length);
  }

  #open(packet: Uint8Array, header: number, end: number, associated: Uint8Array, nonce: Buffer): Buffer | undefined {
    const tagAt = end - GcmCipher.#TAG;
    if (tagAt < header) return undefined;
    const decipher = createDecipheriv('aes-128-gcm', this.#keys.cipher, nonce, GcmCipher.#OPTIONS);
    decipher.setAAD(associated);
    decipher.setAuthTag(packet.subarray(tagAt, end));
    const plain = Buffer.allocUnsafe(tagAt);
    plain.set(packet.subarray(0, header));
    plain.set(decipher.update(packet.subarray(header, tagAt)), header);
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plain;
  }

  #nonce(packet: Uint8Array, ssrcAt: number, index: number): Buffer {
    const iv = this.#iv;
    this.#keys.salt.copy(iv, 0, 0, 12);
    for (let i = 0; i < 4; i++) iv[2 + i] = (iv[2 + i] ?? 0) ^ (packet[ssrcAt + i] ?? 0);
    xorUint48(iv, 6, index);
    return iv;
  }
}

/** What SRTCP authenticates beside the ciphertext: the header and the index word (RFC 7714 §9.2). */
function rtcpAssociated(packet: Uint8Array): Buffer {
  const associated = Buffer.allocUnsafe(RTCP_HEADER + RTCP_INDEX);
  associated.set(packet.subarray(0, RTCP_HEADER));
  associated.set(packet.subarray(packet.length - RTCP_INDEX), RTCP_HEADER);
  return associated;
}

function outgoing(size: number): Buffer {
  const { buffer, byteOffset } = packetBytes(size);
  return Buffer.from(buffer, byteOffset, size);
}

function xorUint48(target: Buffer, at: number, value: number): void {
  let rest = value;
  for (let i = 5; i >= 0; i--) {
    target[at + i] = (target[at + i] ?? 0) ^ (rest % 256);
    rest = Math.floor(rest / 256);
  }
}

function readUint32(data: Uint8Array, at: number): number {
  return (
    (((data[at] ?? 0) << 24) | ((data[at + 1] ?? 0) << 16) | ((data[at + 2] ?? 0) << 8) | (data[at + 3] ?? 0)) >>> 0
  );
}
