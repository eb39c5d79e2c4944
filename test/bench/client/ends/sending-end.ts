import { NtpClock } from '../../../../src/rtp/rtcp/ntp-clock.ts';
import type { ReportBlock, RtcpPacket, SenderReport } from '../../../../src/rtp/rtcp/rtcp-packet.ts';
import { RoundTrip } from '../../../../src/rtp/send/round-trip.ts';
import { addTicks, VIDEO_CLOCK, wallClock, type Milli, type RtpTicks } from '../../../../src/time.ts';

/** Packets that are kept for resending: over 7 s of 2 Mbit/s. */
const STORE = 2048;

/** One RTP packet of the client, but for its header extensions. */
export interface ClientPacket {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: RtpTicks;
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

export interface SendingEndOptions {
  readonly ssrc: number;
  readonly payloadType: number;
  /** Where resends go (RFC 4588); without it packets are resent as they were. */
  readonly rtx: { readonly ssrc: number; readonly payloadType: number } | undefined;
  /** Now, on the monotonic clock: what the reports' wall clock starts from. */
  readonly now: Milli;
}

/** The sending end of the load client: numbers packets, keeps them, and answers NACKs as a browser does. Pure. */
export class SendingEnd {
  /** Packets that were sent again. */
  resent = 0;
  readonly #options: SendingEndOptions;
  readonly #clock: NtpClock;
  readonly #roundTrip: RoundTrip;
  readonly #store: (ClientPacket | undefined)[] = Array.from({ length: STORE });
  #sequence: number;
  #rtxSequence = 1;
  #packets = 0;
  #octets = 0;
  #last: { readonly timestamp: RtpTicks; readonly at: Milli } | undefined;

  constructor(options: SendingEndOptions) {
    this.#options = options;
    this.#sequence = options.ssrc & 0x7fff;
    this.#clock = new NtpClock(wallClock() - options.now);
    this.#roundTrip = new RoundTrip(this.#clock);
  }

  /** To the gateway and back, ms; undefined before its first report. */
  get roundTrip(): Milli | undefined {
    return this.#roundTrip.smoothed;
  }

  packet(payload: Uint8Array, timestamp: RtpTicks, marker: boolean, now: Milli): ClientPacket {
    const { ssrc, payloadType } = this.#options;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const packet = { ssrc, payloadType, sequence: this.#sequence, timestamp, marker, payload };
    this.#store[this.#sequence % STORE] = packet;
    this.#packets++;
    this.#octets += payload.length;
    this.#last = { timestamp, at: now };
    return packet;
  }

  /** What the gateway's RTCP asks to be sent again. */
  onRtcp(packet: RtcpPacket, now: Milli): ClientPacket[] {
    if (packet.type === 'sender-report' || packet.type === 'receiver-report') {
      const block = packet.reports.find(({ ssrc }) => ssrc === this.#options.ssrc);
      if (block) this.#roundTrip.onReport(block, now);
    }
    if (packet.type !== 'nack' || packet.mediaSsrc !== this.#options.ssrc) return [];
    return packet.lost.flatMap((sequence) => {
      const stored = this.#store[sequence % STORE];
      if (stored?.sequence !== sequence) return [];
      this.resent++;
      return [this.#again(stored)];
    });
  }

  /** With what the other end says of the way here; undefined before the first packet. */
  report(blocks: readonly ReportBlock[], now: Milli): SenderReport | undefined {
    if (!this.#last) return undefined;
    const passed = Math.round(((now - this.#last.at) * VIDEO_CLOCK) / 1000);
    return {
      type: 'sender-report',
      ssrc: this.#options.ssrc,
      ntp: this.#clock.at(now),
      rtpTimestamp: addTicks(this.#last.timestamp, passed),
      packetCount: this.#packets,
      octetCount: this.#octets,
      reports: blocks,
    };
  }

  #again(packet: ClientPacket): ClientPacket {
    const { rtx } = this.#options;
    if (!rtx) return packet;
    this.#rtxSequence = (this.#rtxSequence + 1) & 0xffff;
    const payload = new Uint8Array(2 + packet.payload.length);
    payload.set([packet.sequence >> 8, packet.sequence & 0xff]);
    payload.set(packet.payload, 2);
    return { ...packet, ...rtx, sequence: this.#rtxSequence, payload };
  }
}
