/** DTLS 1.2 (RFC 6347) for one session: the only file that imports werift. */
import { DtlsClient, DtlsServer, RTCDtlsTransport, type DtlsSocket } from 'werift';
import { assert, assertNever } from '../../../errors.ts';
import { MASTER_LENGTHS, type MasterKey, type SrtpProfile } from '../srtp/keys.ts';
import { HandshakeBudget } from './handshake-budget.ts';
import { matchesFingerprint, verifyCertificateVerify, verifyKeyExchange, type Fingerprint } from './peer-proof.ts';
import { RECORD, splitRecords, type DtlsRecord } from './records.ts';

/** Who starts the handshake: `client` is `a=setup:active` on our side. */
export type DtlsRole = 'client' | 'server';

/** Keys for SRTP, from the finished handshake. */
export interface SrtpKeys {
  readonly profile: SrtpProfile;
  readonly local: MasterKey;
  readonly remote: MasterKey;
}

export interface DtlsEvents {
  send(data: Buffer): void;
  onConnected(keys: SrtpKeys): void;
  /** The handshake cannot succeed, or the peer said goodbye. Comes once at most. */
  onEnd(reason: 'dtls-failed' | 'peer-closed'): void;
}

type State = 'idle' | 'handshake' | 'connected' | 'closed';

/** Handshake message types (RFC 5246 §7.4). */
const MESSAGE = {
  clientHello: 1,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateVerify: 15,
  finished: 20,
} as const;
/** Flights of a handshake: the hello with a cookie, and what a server answers it (RFC 6347 §4.2.4). */
const FLIGHT = { secondHello: 3, serverHello: 4 } as const;
/** SRTP profiles in our order of preference, by their wire number (RFC 5764 §4.1.2, RFC 7714 §14.2). */
const PROFILES: readonly [number, SrtpProfile][] = [
  [0x0007, 'aead-aes-gcm'],
  [0x0001, 'aes-cm-sha1-80'],
];
/** Alert levels, and the description "close_notify" (RFC 5246 §7.2). */
const WARNING = 1;
const FATAL = 2;
const CLOSE_NOTIFY = 0;

type Certificate = Awaited<ReturnType<typeof RTCDtlsTransport.SetupCertificate>>;

/** This process's certificate (ECDSA P-256, self-signed), made on first use; about 10 ms. */
export function ownCertificate(): Promise<Certificate> {
  return RTCDtlsTransport.SetupCertificate();
}

/** SHA-256 fingerprint of this process's certificate, as an `a=fingerprint` value. */
export async function ownFingerprint(): Promise<string> {
  const fingerprint = (await ownCertificate()).getFingerprints()[0];
  assert(fingerprint, 'the certificate has a fingerprint');
  return `${fingerprint.algorithm} ${fingerprint.value}`;
}

/** One DTLS association with a peer that must own a certificate with one of the given fingerprints. */
export class Dtls {
  readonly #events: DtlsEvents;
  readonly #role: DtlsRole;
  readonly #fingerprints: readonly Fingerprint[];
  readonly #socket: DtlsSocket;
  readonly #feed: (datagram: Buffer) => void;
  readonly #budget = new HandshakeBudget();
  #state: State = 'idle';
  #certificate: Buffer | undefined;
  #proven = false;
  /** Of the record that werift is reading. */
  #epoch = 0;

  constructor(role: DtlsRole, certificate: Certificate, fingerprints: readonly Fingerprint[], events: DtlsEvents) {
    this.#events = events;
    this.#role = role;
    this.#fingerprints = fingerprints;
    const transport = {
      type: 'ice',
      address: { address: '', family: 'IPv4', port: 0 },
      closed: false,
      onData: (_data: Buffer): void => undefined,
      send: (data: Buffer): Promise<void> => {
        if (this.#state !== 'closed') events.send(data);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const options = {
      transport,
      srtpProfiles: PROFILES.map(([number]) => number as 7 | 1),
      cert: certificate.certPem,
      key: certificate.privateKey,
      signatureHash: certificate.signatureHash,
      extendedMasterSecret: true,
      certificateRequest: role === 'server',
    };
    this.#socket = role === 'client' ? new DtlsClient(options) : new DtlsServer(options);
    // werift replaced `onData` by its own when it took the transport.
    this.#feed = (datagram) => transport.onData(datagram);
    this.#guardHandshake();
    this.#socket.onConnect.once(() => this.#connected());
    this.#socket.onError.subscribe(() => this.#end('dtls-failed'));
  }

  get role(): DtlsRole {
    return this.#role;
  }

  /** What the peer's certificate must match. */
  get fingerprints(): readonly Fingerprint[] {
    return this.#fingerprints;
  }

  /** Starts the handshake when the first path to the peer is known; later calls do nothing. */
  start(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'handshake';
    if (this.#socket instanceof DtlsClient) this.#socket.connect().catch(() => this.#end('dtls-failed'));
  }

  /** Takes a datagram from a verified address. */
  receive(datagram: Buffer): void {
    for (const record of splitRecords(datagram)) this.#record(record);
  }

  /** Tells the peer, if there is an association. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'connected') this.#sendCloseNotify();
    this.#state = 'closed';
  }

  /** Only what cannot end or restart the association from outside reaches werift, which acts on plaintext alerts. */
  #record(record: DtlsRecord): void {
    this.#epoch = record.epoch;
    switch (this.#state) {
      case 'idle':
      case 'closed':
        return;
      case 'handshake':
        if (record.type === RECORD.handshake && this.#budget.admits(record)) this.#feed(record.bytes);
        return;
      case 'connected':
        if (record.epoch === 0) return;
        if (record.type === RECORD.alert) this.#alert(record);
        // The peer's last flight, resent because ours was lost.
        else if (record.type === RECORD.handshake && this.#role === 'server' && this.#budget.admits(record))
          this.#feed(record.bytes);
        return;
      default:
        assertNever(this.#state);
    }
  }

  #alert(record: DtlsRecord): void {
    const packet = {
      recordLayerHeader: {
        contentType: record.type,
        protocolVersion: { major: record.version >> 8, minor: record.version & 0xff },
        epoch: record.epoch,
        sequenceNumber: record.sequence,
        contentLen: record.fragment.length,
      },
      fragment: record.fragment,
    };
    let alert: Buffer;
    try {
      alert = this.#socket.cipher.decryptPacket(packet as Parameters<DtlsSocket['cipher']['decryptPacket']>[0]);
    } catch {
      // Forged: whoever sent it does not have the keys.
      return;
    }
    if (alert[0] === FATAL || alert[1] === CLOSE_NOTIFY) this.#end('peer-closed');
  }

  /** Puts our checks before werift's own treatment of each handshake message; what fails them never gets there. */
  #guardHandshake(): void {
    const proceed = this.#socket.onHandleHandshakes;
    this.#socket.onHandleHandshakes = async (messages) => {
      const epoch = this.#epoch;
      for (const message of messages) {
        if (this.#accepts(message.msg_type, message.fragment, epoch)) await proceed([message]);
      }
    };
  }

  #prove(valid: boolean): boolean {
    this.#proven ||= valid;
    return valid;
  }

  #accepts(type: number, body: Buffer, epoch: number): boolean {
    switch (type) {
      case MESSAGE.clientHello:
        // The first one, without a cookie, come late or twice: werift would begin anew.
        return this.#socket.dtls.flight < FLIGHT.serverHello || hasCookie(body);
      case MESSAGE.helloVerifyRequest:
        // A hello that was sent twice is asked for its cookie twice; werift fails at the second.
        return this.#socket.dtls.flight < FLIGHT.secondHello;
      case MESSAGE.certificate: {
        const certificate = firstCertificate(body);
        if (certificate === undefined || !matchesFingerprint(certificate, this.#fingerprints)) return false;
        this.#certificate = certificate;
        return true;
      }
      case MESSAGE.serverKeyExchange: {
        const { localRandom, remoteRandom } = this.#socket.cipher;
        if (this.#certificate === undefined || !localRandom || !remoteRandom) return false;
        const randoms = [localRandom.serialize(), remoteRandom.serialize()] as const;
        return this.#prove(verifyKeyExchange(body, this.#certificate, randoms));
      }
      case MESSAGE.certificateVerify: {
        const transcript = Buffer.concat(this.#socket.dtls.sortedHandshakeCache.map((part) => part.serialize()));
        if (this.#certificate === undefined) return false;
        return this.#prove(verifyCertificateVerify(body, this.#certificate, transcript));
      }
      case MESSAGE.finished:
        // In an encrypted record it was made by whoever holds the keys; in a plain one by anybody.
        return this.#proven && epoch > 0;
      default:
        return true;
    }
  }

  #connected(): void {
    if (this.#state !== 'handshake') return;
    const profile = PROFILES.find(([number]) => number === this.#socket.srtp.srtpProfile)?.[1];
    // Without the extended master secret (RFC 7627) the keys are not bound to this handshake.
    if (profile === undefined || !this.#socket.dtls.remoteExtendedMasterSecret) {
      this.#end('dtls-failed');
      return;
    }
    const lengths = MASTER_LENGTHS[profile];
    const keys = this.#socket.extractSessionKeys(lengths.key, lengths.salt);
    this.#state = 'connected';
    this.#events.onConnected({
      profile,
      local: { key: keys.localKey, salt: keys.localSalt },
      remote: { key: keys.remoteKey, salt: keys.remoteSalt },
    });
  }

  /** werift sends only application data; the record is the same but for its type. */
  #sendCloseNotify(): void {
    const cipher = this.#socket.cipher;
    const encrypt = cipher.encryptPacket;
    cipher.encryptPacket = (packet) => {
      packet.recordLayerHeader.contentType = RECORD.alert;
      return encrypt.call(cipher, packet);
    };
    this.#socket.send(Buffer.from([WARNING, CLOSE_NOTIFY])).catch(() => undefined);
  }

  #end(reason: 'dtls-failed' | 'peer-closed'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#events.onEnd(reason);
  }
}

/** Of a ClientHello: | version (16) | random (256) | length (8) | session … | length (8) | cookie … (RFC 6347 §4.2.1). */
function hasCookie(body: Buffer): boolean {
  const session = body[34] ?? 0;
  return (body[35 + session] ?? 0) > 0;
}

/** The leaf of a Certificate message: | list length (24) | length (24) | DER … | (RFC 5246 §7.4.2). */
function firstCertificate(body: Buffer): Buffer | undefined {
  if (body.length < 6) return undefined;
  const end = 6 + body.readUIntBE(3, 3);
  return end <= body.length ? body.subarray(6, end) : undefined;
}
