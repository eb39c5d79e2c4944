import { findExtension } from '../../../src/rtp/packet/extension.ts';
import { parseRtp } from '../../../src/rtp/packet/rtp-packet.ts';
import { ReceiveStatistics } from '../../../src/rtp/receive/receive-statistics.ts';
import { TwccGenerator } from '../../../src/rtp/receive/twcc-generator.ts';
import { monotonic, VIDEO_CLOCK, type Milli } from '../../../src/time.ts';
import { Peer } from '../client/peer.ts';
import { Whip } from '../client/whip.ts';

/** One packet in so many is opened too: that it is authentic. */
const OPENED = 64;
const REPORT_INTERVAL: Milli = 1000;

/** What came since the last `reset`. */
export interface Watched {
  readonly packets: number;
  /** Of all packets that were numbered in that time, transport-wide. */
  readonly expected: number;
  /** Bytes of SRTP. */
  readonly bytes: number;
}

/**
 * One viewer who only counts: packets come by UDP, DTLS and SRTP of their own, are told of as a browser tells of them, and are
 * not put together. A header can be read without a key, so that hardly any packet is opened.
 */
export class Watcher {
  readonly #peer: Peer;
  readonly #door: Whip;
  readonly #arrivals: TwccGenerator;
  readonly #statistics = new ReceiveStatistics(VIDEO_CLOCK);
  readonly #sequenceId: number;
  #ssrc: number | undefined;
  #count = 0;
  #packets = 0;
  #bytes = 0;
  #highest: number | undefined;
  #first: number | undefined;
  #reportAt: Milli = -Infinity;

  private constructor(peer: Peer, door: Whip) {
    const { sequenceId } = peer.negotiated;
    if (sequenceId === undefined) throw new Error('the gateway must number its packets');
    this.#peer = peer;
    this.#door = door;
    this.#sequenceId = sequenceId;
    this.#arrivals = new TwccGenerator(peer.ssrc);
    peer.tap((packet) => this.#onPacket(packet));
  }

  /** @param endpoint WHEP's */
  static async open(endpoint: string): Promise<Watcher> {
    const door = new Whip(endpoint);
    return new Watcher(await Peer.connect(door, { codec: 'vp8', direction: 'recvonly' }), door);
  }

  get watched(): Watched {
    const expected = this.#highest === undefined ? 0 : this.#highest - (this.#first ?? 0);
    return { packets: this.#packets, expected, bytes: this.#bytes };
  }

  reset(): void {
    this.#packets = this.#bytes = 0;
    this.#first = this.#highest;
  }

  /** Tells the gateway what has come; each 100 ms, as Chromium does. */
  tell(): void {
    const now = monotonic.now();
    const feedback = this.#arrivals.due(now);
    if (feedback.length > 0) this.#peer.sendRtcp(feedback);
    if (now < this.#reportAt || this.#ssrc === undefined) return;
    this.#reportAt = now + REPORT_INTERVAL;
    const block = this.#statistics.report(now);
    if (block) this.#peer.sendRtcp([{ type: 'receiver-report', ssrc: this.#peer.ssrc, reports: [block] }]);
  }

  async close(): Promise<void> {
    await this.#door.close();
    await this.#peer.close();
  }

  #onPacket(data: Buffer): void {
    const packet = parseRtp(data);
    const at = packet && findExtension(packet, this.#sequenceId);
    if (!packet || at === undefined) return;
    if (this.#count++ % OPENED === 0) this.#peer.open(data);
    const arrived = monotonic.now();
    this.#packets++;
    this.#bytes += data.length;
    const sequence = data.readUInt16BE(at);
    this.#arrivals.onPacket(sequence, arrived, packet.ssrc);
    const before = this.#highest ?? sequence;
    this.#highest = Math.max(before, before + (((sequence - before) << 16) >> 16));
    this.#first ??= sequence;
    // The first source is the video's; what comes by RTX is no packet of its.
    this.#ssrc ??= packet.ssrc;
    if (packet.ssrc === this.#ssrc) this.#statistics.onPacket(packet.sequence, packet.timestamp, arrived);
  }
}
