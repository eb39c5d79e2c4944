/**
 * Proof that the peer owns the key of the certificate that its SDP names. werift compares the certificate's fingerprint
 * but verifies neither the signature over the key exchange nor CertificateVerify, so anybody on the network path could
 * show the peer's certificate and exchange keys in its name.
 */
import { createHash, verify, X509Certificate } from 'node:crypto';

/** An `a=fingerprint` line: hash name in lower case without dash (`sha256`), value as lower-case hex. */
export interface Fingerprint {
  readonly algorithm: 'sha256' | 'sha384' | 'sha512';
  readonly value: string;
}

/** Whether the certificate (DER) is the one that the SDP names. */
export function matchesFingerprint(certificate: Buffer, fingerprints: readonly Fingerprint[]): boolean {
  return fingerprints.some(({ algorithm, value }) => createHash(algorithm).update(certificate).digest('hex') === value);
}

/**
 * Checks the signature of a ServerKeyExchange message (RFC 8422 §5.4).
 *
 *  | curve type (8) | named curve (16) | key length (8) | key … | hash (8) | signature (8) | length (16) | signature … |
 *
 * @param randoms client random and server random, 32 bytes each
 */
export function verifyKeyExchange(body: Buffer, certificate: Buffer, randoms: readonly [Buffer, Buffer]): boolean {
  const keyEnd = 4 + (body[3] ?? 0);
  if (body.length < keyEnd + 4) return false;
  return verifySigned(body.subarray(keyEnd), certificate, Buffer.concat([...randoms, body.subarray(0, keyEnd)]));
}

/** Checks a CertificateVerify message over the handshake so far (RFC 5246 §7.4.8). */
export function verifyCertificateVerify(body: Buffer, certificate: Buffer, transcript: Buffer): boolean {
  return verifySigned(body, certificate, transcript);
}

/** Hash algorithms of TLS 1.2 that are still good (RFC 5246 §7.4.1.4.1). */
const HASHES: Partial<Record<number, string>> = { 4: 'sha256', 5: 'sha384', 6: 'sha512' };

/** `signed`: | hash (8) | signature (8) | length (16) | signature … |. The key's own type says how it signs. */
function verifySigned(signed: Buffer, certificate: Buffer, content: Buffer): boolean {
  const hash = HASHES[signed[0] ?? 0];
  if (hash === undefined || signed.length < 4) return false;
  const signature = signed.subarray(4, 4 + signed.readUInt16BE(2));
  try {
    return verify(hash, content, new X509Certificate(certificate).publicKey, signature);
  } catch {
    // A certificate or key that does not parse proves nothing.
    return false;
  }
}
