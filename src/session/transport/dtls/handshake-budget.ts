/**
 * What a peer may make werift do for a handshake: it keeps fragments without a bound, and allots for a message what its
 * first fragment claims, up to 16 MiB. A handshake message in a record (RFC 6347 §4.2.2):
 *
 *  | type (8) | length (24) | sequence (16) | fragment offset (24) | fragment length (24) | fragment …
 */
import type { DtlsRecord } from './records.ts';

/** Longest message: a chain of certificates. A browser's own certificate makes one of 300–1,000 bytes. */
const MAXIMUM_MESSAGE = 16 * 1024;
/** All records in the clear: a handshake has some 4 kB, resent some ten times on a bad way. */
const MAXIMUM_BYTES = 128 * 1024;
/** Of each, beside its fragment. */
const RECORD_COST = 64;
/** Records that claim to be encrypted, whose messages are not seen here: one for each resend of the last flight. */
const MAXIMUM_ENCRYPTED = 64;
const MESSAGE_HEAD = 12;

export class HandshakeBudget {
  #bytes = 0;
  #encrypted = 0;

  /** Whether the record may be read; it counts from then on. */
  admits({ epoch, fragment }: DtlsRecord): boolean {
    if (epoch > 0) return ++this.#encrypted <= MAXIMUM_ENCRYPTED;
    this.#bytes += fragment.length + RECORD_COST;
    return this.#bytes <= MAXIMUM_BYTES && messagesAreShort(fragment);
  }
}

function messagesAreShort(fragment: Buffer): boolean {
  for (let at = 0; at + MESSAGE_HEAD <= fragment.length; at += MESSAGE_HEAD + fragment.readUIntBE(at + 9, 3)) {
    if (fragment.readUIntBE(at + 1, 3) > MAXIMUM_MESSAGE) return false;
  }
  return true;
}
