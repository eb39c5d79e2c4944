import { createCipheriv } from 'node:crypto';

/** DTLS-SRTP protection profiles (RFC 5764 §4.1.2, RFC 7714 §14.2), by their number on the wire. */
export type SrtpProfile = 'aes-cm-sha1-80' | 'aead-aes-gcm';

/** Bytes of master key and master salt that DTLS exports for a profile. */
export const MASTER_LENGTHS: Record<SrtpProfile, { readonly key: number; readonly salt: number }> = {
  'aes-cm-sha1-80': { key: 16, salt: 14 },
  'aead-aes-gcm': { key: 16, salt: 12 },
};

/** What DTLS exports for one direction. */
export interface MasterKey {
  readonly key: Buffer;
  readonly salt: Buffer;
}

/** Keys of one direction and one protocol, derived from the master key. */
export interface SessionKeys {
  /** 16 bytes. */
  readonly cipher: Buffer;
  /** 20 bytes; unused with GCM. */
  readonly authentication: Buffer;
  /** 14 bytes, of which GCM uses 12. */
  readonly salt: Buffer;
}

/** First label of each protocol in the key derivation (RFC 3711 §4.3). Cipher, authentication, salt follow each other. */
const FIRST_LABEL = { rtp: 0, rtcp: 3 } as const;

/** RFC 3711 §4.3.1, with a key derivation rate of 0. */
export function deriveKeys(master: MasterKey, protocol: 'rtp' | 'rtcp'): SessionKeys {
  const first = FIRST_LABEL[protocol];
  return {
    cipher: derive(master, first, 16),
    authentication: derive(master, first + 1, 20),
    salt: derive(master, first + 2, 14),
  };
}

function derive(master: MasterKey, label: number, length: number): Buffer {
  const counter = Buffer.alloc(16);
  // A 96-bit salt is zero-extended on the right to 112 bits (RFC 7714 §11).
  master.salt.copy(counter);
  counter[7] = (counter[7] ?? 0) ^ label;
  return createCipheriv('aes-128-ctr', master.key, counter).update(Buffer.alloc(length));
}
