import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CipherContext, HashAlgorithm, NamedCurveAlgorithm, RTCCertificate, SignatureAlgorithm } from 'werift';
import { afterEach, describe, expect, it } from 'vitest';
import { Dtls, type DtlsRole, type ownCertificate, type SrtpKeys } from './dtls.ts';
import type { Fingerprint } from './peer-proof.ts';
import { splitRecords } from './records.ts';

type Certificate = Awaited<ReturnType<typeof ownCertificate>>;

async function newCertificate(): Promise<RTCCertificate> {
  const { keyPem, certPem, signatureHash } = await CipherContext.createSelfSignedCertificateWithKey(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  return new RTCCertificate(keyPem, certPem, signatureHash);
}

function fingerprintOf(certificate: Certificate): Fingerprint[] {
  const value = new X509Certificate(certificate.certPem).fingerprint256.replaceAll(':', '').toLowerCase();
  return [{ algorithm: 'sha256', value }];
}

/** One side of a handshake over a wire made of function calls. */
class Side {
  readonly dtls: Dtls;
  readonly keys: Promise<SrtpKeys>;
  /** Content types of what it sent. */
  readonly sent: number[] = [];
  connected = false;
  ended: string | undefined;
  other: Side | undefined;
  /** Sees each datagram first; true drops it. */
  intercept: (data: Buffer) => boolean = () => false;

  constructor(role: DtlsRole, certificate: Certificate, expected: readonly Fingerprint[]) {
    let resolve: (keys: SrtpKeys) => void;
    this.keys = new Promise((done) => (resolve = done));
    this.dtls = new Dtls(role, certificate, expected, {
      send: (data) => {
        this.sent.push(...splitRecords(data).map(({ type }) => type));
        if (!this.intercept(data)) setImmediate(() => this.other?.dtls.receive(data));
      },
      onConnected: (keys) => {
        this.connected = true;
        resolve(keys);
      },
      onEnd: (reason) => (this.ended = reason),
    });
  }
}

const open: Side[] = [];
afterEach(() => {
  for (const side of open.splice(0)) side.dtls.close();
});

function pair(client: [Certificate, Fingerprint[]], server: [Certificate, Fingerprint[]]): [Side, Side] {
  const sides: [Side, Side] = [new Side('client', ...client), new Side('server', ...server)];
  [sides[0].other, sides[1].other] = [sides[1], sides[0]];
  open.push(...sides);
  return sides;
}

function start(sides: readonly Side[]): void {
  for (const side of sides) side.dtls.start();
}

/** Resolves once `side` has said all of its last flight and the other has read it. */
async function lastFlight(side: Side): Promise<void> {
  const CHANGE_CIPHER_SPEC = 20;
  while (!side.sent.includes(CHANGE_CIPHER_SPEC)) await new Promise(setImmediate);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

describe('a handshake', () => {
  it('gives both sides the same keys, as client and as server', async () => {
    const [ours, theirs] = [await newCertificate(), await newCertificate()];
    const [client, server] = pair([ours, fingerprintOf(theirs)], [theirs, fingerprintOf(ours)]);
    start([client, server]);
    const [one, two] = await Promise.all([client.keys, server.keys]);
    expect(one.profile).toBe('aead-aes-gcm');
    expect(one.local).toEqual(two.remote);
    expect(one.remote).toEqual(two.local);
  });

  it('does not mind being asked for its cookie twice, as after a hello that was sent again', async () => {
    const [ours, theirs] = [await newCertificate(), await newCertificate()];
    const [client, server] = pair([ours, fingerprintOf(theirs)], [theirs, fingerprintOf(ours)]);
    const HELLO_VERIFY_REQUEST = 3;
    let twice = 0;
    server.intercept = (data) => {
      if (splitRecords(data)[0]?.fragment[0] === HELLO_VERIFY_REQUEST) {
        twice++;
        setImmediate(() => client.dtls.receive(data));
      }
      return false;
    };
    start([client, server]);
    while (!(client.connected && server.connected) && client.ended === undefined) await new Promise(setImmediate);
    expect(twice).toBe(1);
    expect([client.ended, server.ended]).toEqual([undefined, undefined]);
  });

  it.each([0, 1, 3, 5, 8, 30])('does not mind datagrams that come again %i ms after', async (delay) => {
    const [ours, theirs] = [await newCertificate(), await newCertificate()];
    const sides = pair([ours, fingerprintOf(theirs)], [theirs, fingerprintOf(ours)]);
    for (const side of sides) {
      side.intercept = (data) => {
        setTimeout(() => side.other?.dtls.receive(data), delay);
        return false;
      };
    }
    start(sides);
    await Promise.all(sides.map(({ keys }) => keys));
    await sleep(2 * delay);
    expect(sides.map(({ ended }) => ended)).toEqual([undefined, undefined]);
  });

  it('tells the other side when it ends', async () => {
    const [ours, theirs] = [await newCertificate(), await newCertificate()];
    const [client, server] = pair([ours, fingerprintOf(theirs)], [theirs, fingerprintOf(ours)]);
    start([client, server]);
    await Promise.all([client.keys, server.keys]);
    client.dtls.close();
    while (server.ended === undefined) await new Promise(setImmediate);
    expect(server.ended).toBe('peer-closed');
  });

  it('does not connect to a server or client with another certificate', async () => {
    const [ours, theirs, other] = [await newCertificate(), await newCertificate(), await newCertificate()];
    const [client] = pair([ours, fingerprintOf(other)], [theirs, fingerprintOf(ours)]);
    start([client, client.other as Side]);
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    expect(client.connected).toBe(false);

    const [caller, server] = pair([ours, fingerprintOf(theirs)], [theirs, fingerprintOf(other)]);
    start([caller, server]);
    await lastFlight(caller);
    expect(server.connected).toBe(false);
  });

  it('does not connect to a server or client that has the certificate but not its key', async () => {
    const [ours, theirs, thief] = [await newCertificate(), await newCertificate(), await newCertificate()];
    const stolen = (from: RTCCertificate): RTCCertificate =>
      Object.assign(Object.create(RTCCertificate.prototype) as RTCCertificate, from, { privateKey: thief.privateKey });

    const [client, impostor] = pair([ours, fingerprintOf(theirs)], [stolen(theirs), fingerprintOf(ours)]);
    start([client, impostor]);
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    expect(client.connected).toBe(false);

    const [thiefClient, server] = pair([stolen(ours), fingerprintOf(theirs)], [theirs, fingerprintOf(ours)]);
    start([thiefClient, server]);
    await lastFlight(thiefClient);
    expect(server.connected).toBe(false);
  });
});

describe('records', () => {
  it('are split without reading past the end', () => {
    const record = Buffer.from([22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 5, 0, 2, 7, 8]);
    expect(splitRecords(Buffer.concat([record, record]))).toMatchObject([
      { type: 22, version: 0xfefd, epoch: 1, sequence: 5, fragment: Buffer.from([7, 8]) },
      { type: 22 },
    ]);
    for (let length = 0; length < record.length; length++) {
      expect(splitRecords(record.subarray(0, length))).toEqual([]);
    }
  });
});
