/** Readers of datagrams: what anybody can send who finds a port. */
import { randomBytes } from 'node:crypto';
import { verifyCertificateVerify, verifyKeyExchange } from '../../../src/session/transport/dtls/peer-proof.ts';
import { ownCertificate } from '../../../src/session/transport/dtls/dtls.ts';
import { splitRecords } from '../../../src/session/transport/dtls/records.ts';
import { IceAgent, type IceMode } from '../../../src/session/transport/ice/ice-agent.ts';
import { frame, FrameReader, MAXIMUM_FRAME } from '../../../src/session/transport/ice/ports/frame-reader.ts';
import type { LocalPort, PortEvents } from '../../../src/session/transport/ice/ports/local-port.ts';
import { parseStun, receiverFragment, verifyIntegrity } from '../../../src/session/transport/ice/stun/stun.ts';
import { writeCheck, writeRoleConflict, writeSuccess } from '../../../src/session/transport/ice/stun/write-stun.ts';
import { MASTER_LENGTHS, type SrtpProfile } from '../../../src/session/transport/srtp/keys.ts';
import { SrtpReceiver, SrtpSender } from '../../../src/session/transport/srtp/srtp.ts';
import { monotonic } from '../../../src/time.ts';
import { mustHold, type Kind } from '../hammer.ts';
import type { Mutator } from '../mutator.ts';
import { rtcpCompounds, rtpPackets } from '../seeds.ts';

const PASSWORD = 'a password of twenty-two';
const never = (): boolean => false;
const datagram = (mutator: Mutator, seeds: readonly Uint8Array[]): Buffer => Buffer.from(mutator.bytes(seeds));

/** Checks and answers as a browser sends them, under a user name and a password. */
function stunMessages(username: string, password: string): Buffer[] {
  const check = { username, priority: 1_853_824_767, tieBreaker: 0x1122_3344_5566_7788n };
  return [
    writeCheck({ ...check, transaction: Buffer.alloc(12, 1), role: 'controlling', useCandidate: true }, password),
    writeCheck({ ...check, transaction: Buffer.alloc(12, 2), role: 'controlled', useCandidate: false }, password),
    writeSuccess(Buffer.alloc(12, 3), { address: '192.0.2.1', port: 4000 }, password),
    writeSuccess(Buffer.alloc(12, 4), { address: '2001:db8::1', port: 4000 }, password),
    writeRoleConflict(Buffer.alloc(12, 5), password),
  ];
}

const stun: Kind = {
  name: 'STUN messages',
  throws: never,
  open: () => {
    const seeds = stunMessages('ours:theirs', PASSWORD);
    return (mutator) => {
      const data = datagram(mutator, seeds);
      receiverFragment(data);
      const message = parseStun(data);
      if (message === undefined) return 'refused';
      return verifyIntegrity(data, message, PASSWORD) ? 'taken' : 'not authentic';
    };
  },
};

/** A port without a socket: what the agent sends is counted. */
class CountingPort implements LocalPort {
  readonly transport = 'udp';
  readonly host = { bind: '127.0.0.1', announce: '127.0.0.1' };
  readonly port = 4000;
  sent = 0;
  send(): void {
    this.sent++;
  }
  ask(): void {}
  admit(): void {}
  trust(): void {}
  forget(): void {}
  close(): void {}
}

/** The agent answers nobody who does not know its password, and lets nothing further that comes from elsewhere. */
const frontDoor = (mode: IceMode): Kind => ({
  name: `ICE agent, ${mode}`,
  throws: never,
  open: async () => {
    const port = new CountingPort();
    let entry: PortEvents | undefined;
    let passed = 0;
    const count = (): unknown => passed++;
    const agent = new IceAgent(mode, { onDtls: count, onMedia: count, onPath: () => undefined }, monotonic);
    await agent.open([(events) => ((entry = events), Promise.resolve([port]))]);
    agent.setRemote({ ufrag: 'theirs', password: PASSWORD, lite: false, candidates: [] });
    const { ufrag } = agent.credentials;
    // With a password that is wrong: none of them may have an effect, as they are or changed.
    const seeds = [
      ...stunMessages(`${ufrag}:theirs`, PASSWORD),
      ...rtpPackets('vp8').slice(0, 2),
      ...dtlsRecords().slice(0, 2),
    ];
    return (mutator) => {
      const from = { address: `192.0.2.${mutator.random.below(256)}`, port: 1 + mutator.random.below(65_535) };
      entry?.onPacket(port, datagram(mutator, seeds), from);
      mustHold(port.sent === 0 && passed === 0 && agent.path === undefined, 'a stranger gets no answer and nothing in');
    };
  },
});

/** The records of a handshake's beginning and of an encrypted alert, in their outer form. */
function dtlsRecords(): Buffer[] {
  const record = (type: number, epoch: number, fragment: Buffer): Buffer => {
    const head = Buffer.from([type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 7, 0, 0]);
    head.writeUInt16BE(fragment.length, 11);
    return Buffer.concat([head, fragment]);
  };
  const hello = Buffer.concat([Buffer.from('0100002c000000000000002cfefd', 'hex'), Buffer.alloc(42, 5)]);
  const records = [record(22, 0, hello), record(20, 0, Buffer.of(1)), record(21, 1, Buffer.alloc(26, 7))];
  return [...records, Buffer.concat(records)];
}

const records: Kind = {
  name: 'DTLS records',
  throws: never,
  open: () => {
    const seeds = dtlsRecords();
    return (mutator) => {
      const data = datagram(mutator, seeds);
      const split = splitRecords(data);
      const bytes = split.reduce((sum, record) => sum + record.bytes.length, 0);
      mustHold(split.length <= 16 && bytes <= data.length, 'records are parts of their datagram');
      return split.length === 0 ? 'refused' : 'taken';
    };
  },
};

const proofs: Kind = {
  name: 'proofs of the peer’s key',
  throws: never,
  open: async () => {
    const certificate = Buffer.from((await ownCertificate()).certPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    const randoms = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] as const;
    const exchange = Buffer.concat([Buffer.from([3, 0, 29, 32]), Buffer.alloc(32, 9), Buffer.from([4, 3, 0, 70])]);
    const seeds = [Buffer.concat([exchange, Buffer.alloc(70, 3)]), exchange.subarray(36)];
    return (mutator) => {
      const shown = mutator.chance(0.5) ? certificate : datagram(mutator, [certificate]);
      const body = datagram(mutator, seeds);
      const proven = verifyKeyExchange(body, shown, randoms) || verifyCertificateVerify(body, shown, randoms[0]);
      mustHold(!proven, 'nothing is proven without the key');
    };
  },
};

const framing: Kind = {
  name: 'RFC 4571 framing',
  throws: never,
  open: () => {
    const seeds = [Buffer.concat([...stunMessages('ours:theirs', PASSWORD), ...rtpPackets('vp8')].map(frame))];
    let reader = new FrameReader();
    return (mutator) => {
      const data = datagram(mutator, seeds);
      const cut = mutator.random.below(data.length + 1);
      for (const chunk of [data.subarray(0, cut), data.subarray(cut)]) {
        const packets = reader.push(chunk);
        if (packets === undefined) {
          reader = new FrameReader();
          return 'refused';
        }
        mustHold(
          packets.every(({ length }) => length > 0 && length <= MAXIMUM_FRAME),
          'packets are of bounded size',
        );
      }
      return 'taken';
    };
  },
};

/** Sealed packets, changed or sent again: each is opened at most once, and only as it was. */
const srtp = (profile: SrtpProfile): Kind => ({
  name: `SRTP and SRTCP, ${profile}`,
  throws: never,
  open: () => {
    const { key, salt } = MASTER_LENGTHS[profile];
    const master = { key: randomBytes(key), salt: randomBytes(salt) };
    const sender = new SrtpSender(profile, master);
    const media = rtpPackets('vp8').map((packet) => sender.rtp(packet));
    const feedback = rtcpCompounds(1, 2).map((packet) => sender.rtcp(packet));
    const sealed = new Set([...media, ...feedback].map((packet) => packet.toString('latin1')));
    const opened = new Set<string>();
    const receiver = new SrtpReceiver(profile, master);
    return (mutator) => {
      const isMedia = mutator.chance(0.5);
      const packet = datagram(mutator, isMedia ? media : feedback);
      const plain = isMedia ? receiver.rtp(packet) : receiver.rtcp(packet);
      if (plain === undefined) return 'refused';
      const text = packet.toString('latin1');
      mustHold(sealed.has(text) && !opened.has(text), 'only what was sealed is opened, and once');
      opened.add(text);
      return 'taken';
    };
  },
});

export const FRONT_DOOR_KINDS: readonly Kind[] = [
  stun,
  frontDoor('lite'),
  frontDoor('full'),
  records,
  proofs,
  framing,
  srtp('aes-cm-sha1-80'),
  srtp('aead-aes-gcm'),
];
