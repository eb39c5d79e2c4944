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
/**
 * After so many failures of a source in a row its rollover count may be another than we think. Each further packet is then
 * opened a second time, with the next higher count: never more than two openings a packet, whoever forged it.
 */
const FAILURES = 8;
/** How many counts are tried, one after another: three cycles are 13 minutes at 250 packets/s. */
const CYCLES = 3;
const RTP_HEADER = 12;
const RTCP_MINIMUM = 8;

/** The receiving half. */
export class SrtpReceiver {
  readonly #rtp: PacketCipher;
  readonly #rtcp: PacketCipher;
  readonly #rtpSources = new Map<number, ReplayWindow>();
  readonly #rtcpSources = new Map<number, ReplayWindow>();
  /** Failures in a row, by SSRC. */
  readonly #failures = new Map<number, number>();
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
    const opened = this.#open(packet, header, index, window) ?? this.#openAhead(packet, header, index, window, source);
    if (opened === undefined) return this.#refuse();
    this.#failures.delete(source);
    window.note(opened.index);
    remember(this.#rtpSources, source, window);
    return opened.plain;
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

  #open(
    packet: Uint8Array,
    header: number,
    index: number,
    window: ReplayWindow,
  ): { readonly plain: Buffer; readonly index: number } | undefined {
    if (!window.isFresh(index)) return undefined;
    const plain = this.#rtp.openRtp(packet, header, index);
    return plain && { plain, index };
  }

  /**
   * The count is higher than it seems when 2^15 packets or more were lost in a row, or when the first packets of a
   * source were lost across a wrap. It is never lower: what was authentic stays so.
   */
  #openAhead(
    packet: Uint8Array,
    header: number,
    index: number,
    window: ReplayWindow,
    source: number,
  ): { readonly plain: Buffer; readonly index: number } | undefined {
    const failures = (this.#failures.get(source) ?? 0) + 1;
    remember(this.#failures, source, failures);
    this.#failures.set(source, failures);
    if (failures <= FAILURES) return undefined;
    const cycles = 1 + ((failures - FAILURES - 1) % CYCLES);
    return this.#open(packet, header, index + cycles * 0x10000, window);
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

function remember<Value>(sources: Map<number, Value>, source: number, value: Value): void {
  if (sources.has(source)) return;
  if (sources.size >= MAXIMUM_SOURCES) {
    const oldest = sources.keys().next().value;
    if (oldest !== undefined) sources.delete(oldest);
  }
  sources.set(source, value);
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
