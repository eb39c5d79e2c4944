/** The handshake by which a session's keys are made, at its most vulnerable: before anybody has proven anything. */
import { X509Certificate } from 'node:crypto';
import { Dtls, ownCertificate, type DtlsRole } from '../../../src/session/transport/dtls/dtls.ts';
import { mustHold, type Kind } from '../hammer.ts';

/** Hostile datagrams that one handshake is given; then another begins. */
const EACH = 50;
/** Bytes that one handshake may make leave: some flights, each sent again a few times. */
const MOST_SENT = 1024 * 1024;

/** One of ours and a peer that keeps to the rules; what is hostile goes to ours, between what the peer says. */
class Handshake {
  readonly ours: Dtls;
  readonly #peer: Dtls;
  sent = 0;
  ends = 0;
  connected = false;

  constructor(
    role: DtlsRole,
    certificate: Awaited<ReturnType<typeof ownCertificate>>,
    onDatagram: (data: Buffer) => void,
  ) {
    const value = new X509Certificate(certificate.certPem).fingerprint256.replaceAll(':', '').toLowerCase();
    const fingerprints = [{ algorithm: 'sha256', value }] as const;
    const others: DtlsRole = role === 'client' ? 'server' : 'client';
    this.ours = new Dtls(role, certificate, fingerprints, {
      send: (data) => {
        this.sent += data.length;
        setImmediate(() => this.#peer.receive(data));
      },
      onConnected: () => (this.connected = true),
      onEnd: () => this.ends++,
    });
    this.#peer = new Dtls(others, certificate, fingerprints, {
      send: (data) => {
        onDatagram(data);
        setImmediate(() => this.ours.receive(data));
      },
      onConnected: () => undefined,
      onEnd: () => undefined,
    });
    this.ours.start();
    this.#peer.start();
  }

  close(): void {
    this.ours.close();
    this.#peer.close();
  }
}

const handshake = (role: DtlsRole): Kind => ({
  name: `DTLS handshake as ${role}`,
  throws: () => false,
  open: async () => {
    const certificate = await ownCertificate();
    const seeds: Uint8Array[] = [];
    const keep = (data: Buffer): void => {
      if (seeds.push(Uint8Array.from(data)) > 40) seeds.shift();
    };
    let current = new Handshake(role, certificate, keep);
    while (!current.connected) await new Promise(setImmediate);
    let given = EACH;
    return async (mutator) => {
      if (given++ >= EACH) {
        current.close();
        current = new Handshake(role, certificate, keep);
        given = 0;
      }
      // In the midst of the handshake, and not all before its first answer.
      if (mutator.chance(0.3)) await new Promise(setImmediate);
      current.ours.receive(Buffer.from(mutator.bytes(seeds)));
      mustHold(current.ends <= 1, 'a handshake ends once');
      mustHold(current.sent <= MOST_SENT, `a handshake answers within bounds: ${current.sent}`);
      if (current.ends > 0) return 'ended';
      return current.connected ? 'connected' : 'taken';
    };
  },
});

export const HANDSHAKE_KINDS: readonly Kind[] = [handshake('client'), handshake('server')];
