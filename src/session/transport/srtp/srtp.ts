/**
 * SRTP and SRTCP for one session (RFC 3711, RFC 7714): whole packets in, whole packets out. werift's own neither refuses
 * replays nor finds the rollover count again after an outage that spans a sequence wrap, and parses into objects that
 * the RTP room would have to serialise again.
 */
import { packetCipher, type PacketCipher } from './ciphers.ts';
import { deriveKeys, type MasterKey, type SrtpProfile } from './keys.ts';
import { ReplayWindow } from './replay-window.ts';

/** Sources that a peer may use at once: camera, microphone, their resends, and room for changes. */
const MAXIMUM_SOURCES = 64;
const RTP_HEADER = 12;
const RTCP_MINIMUM = 8;

/** The receiving half. */
export class SrtpReceiver {
  readonly #rtp: PacketCipher;
  readonly #rtcp: PacketCipher;
  readonly #rtpSources = new Map<number, ReplayWindow>();
  readonly #rtcpSources = new Map<number, ReplayWindow>();
  /** Packets refused: not authentic, replayed, malformed. */
  refused = 0;

  constructor(profile: SrtpProfile, master: MasterKey) {
    this.#rtp = packetCipher(profile, deriveKeys(master, 'rtp'));
    this.#rtcp = packetCipher(profile, deriveKeys(master, 'rtcp'));
  }

  /** The RTP packet, or `undefined` if it is not authentic or came before. */
  rtp(packet: Uint8Array): Buffer | undefined {
    const header = rtpHeaderLength(packet);
    if (header === undefined) return this.#refuse();
    const source = readSsrc(packet, 8);
    const window = this.#rtpSources.get(source) ?? new ReplayWindow();
    const index = nearestIndex(window.newest, ((packet[2] ?? 0) << 8) | (packet[3] ?? 0));
    if (!window.isFresh(index)) return this.#refuse();
    const plain = this.#rtp.openRtp(packet, header, index);
    if (plain === undefined) return this.#refuse();
    window.note(index);
    remember(this.#rtpSources, source, window);
    return plain;
  }

  /** The compound RTCP packet, or `undefined`. */
  rtcp(packet: Uint8Array): Buffer | undefined {
    if (packet.length < RTCP_MINIMUM) return this.#refuse();
    const opened = this.#rtcp.openRtcp(packet);
    if (opened === undefined) return this.#refuse();
    const source = readSsrc(packet, 4);
    const window = this.#rtcpSources.get(source) ?? new ReplayWindow();
    if (!window.isFresh(opened.index)) return this.#refuse();
    window.note(opened.index);
    remember(this.#rtcpSources, source, window);
    return opened.packet;
  }

  #refuse(): undefined {
    this.refused++;
    return undefined;
  }
}

/** The sending half. */
export class SrtpSender {
  readonly #rtp: PacketCipher;
  readonly #rtcp: PacketCipher;
  /** Newest packet index by SSRC. */
  readonly #newest = new Map<number, number>();
  #rtcpIndex = 0;

  constructor(profile: SrtpProfile, master: MasterKey) {
    this.#rtp = packetCipher(profile, deriveKeys(master, 'rtp'));
    this.#rtcp = packetCipher(profile, deriveKeys(master, 'rtcp'));
  }

  rtp(packet: Uint8Array): Buffer {
    const header = rtpHeaderLength(packet);
    if (header === undefined) throw new TypeError('packet must be RTP');
    const source = readSsrc(packet, 8);
    const newest = this.#newest.get(source) ?? -1;
    const index = nearestIndex(newest, ((packet[2] ?? 0) << 8) | (packet[3] ?? 0));
    if (index > newest) this.#newest.set(source, index);
    return this.#rtp.sealRtp(packet, header, index);
  }

  rtcp(packet: Uint8Array): Buffer {
    this.#rtcpIndex = (this.#rtcpIndex + 1) & 0x7fffffff;
    return this.#rtcp.sealRtcp(packet, this.#rtcpIndex);
  }
}

/**
 * The packet index (rollover count · 2^16 + sequence number) that is nearest to the newest one (RFC 3711 §3.3.1);
 * holds over any gap below 2^15 packets.
 */
function nearestIndex(newest: number, sequence: number): number {
  if (newest < 0) return sequence;
  const delta = ((sequence - newest) << 16) >> 16;
  const index = newest + delta;
  return index < 0 ? index + 65536 : index;
}

function remember(sources: Map<number, ReplayWindow>, source: number, window: ReplayWindow): void {
  if (sources.has(source)) return;
  if (sources.size >= MAXIMUM_SOURCES) {
    const oldest = sources.keys().next().value;
    if (oldest !== undefined) sources.delete(oldest);
  }
  sources.set(source, window);
}

/** RFC 3550 §5.1 and §5.3.1; `undefined` if the packet ends within its header. */
function rtpHeaderLength(packet: Uint8Array): number | undefined {
  if (packet.length < RTP_HEADER) return undefined;
  const first = packet[0] ?? 0;
  let length = RTP_HEADER + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0) {
    if (packet.length < length + 4) return undefined;
    length += 4 + 4 * (((packet[length + 2] ?? 0) << 8) | (packet[length + 3] ?? 0));
  }
  return length <= packet.length ? length : undefined;
}

function readSsrc(packet: Uint8Array, at: number): number {
  return (
    (((packet[at] ?? 0) << 24) |
      ((packet[at + 1] ?? 0) << 16) |
      ((packet[at + 2] ?? 0) << 8) |
      (packet[at + 3] ?? 0)) >>>
    0
  );
}
