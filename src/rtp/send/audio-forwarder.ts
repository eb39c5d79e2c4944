import { AUDIO_CLOCK, type Milli, type RtpTicks } from '../../time.ts';
import { HeaderTemplate, type OutgoingExtensions } from '../packet/header-template.ts';
import type { OutgoingPacket } from '../packet/outgoing-packet.ts';
import { parseRtp, type RtpPacket } from '../packet/rtp-packet.ts';
import { ReceiveStatistics } from '../receive/receive-statistics.ts';
import { SequenceGate } from '../receive/sequence-gate.ts';
import type { NtpClock } from '../rtcp/ntp-clock.ts';
import type { ReportBlock, RtcpPacket, SenderReport } from '../rtcp/rtcp-packet.ts';
import type { Timeline } from '../source-clock.ts';
import { RoundTrip } from './round-trip.ts';
import { senderReport } from './sender-report.ts';
import { TimestampMap } from './timestamp-map.ts';

export interface AudioForwarderOptions {
  /** Payload type of Opus as the peer sends it; anything else is left out. */
  readonly receivePayloadType: number;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly extensions?: OutgoingExtensions;
  readonly clock: NtpClock;
  /** The input's timeline: told of its packets, asked for sender reports. */
  readonly timeline?: Timeline;
  /** Random 32 bits: where sequence numbers and timestamps begin. */
  readonly seed: number;
}

/**
 * Sound passed through as it is: a new SSRC and payload type, sequence numbers and timestamps by a constant (so that
 * what was lost on the way in shows as lost, and order is the peer's), the extensions of the way out.
 */
export class AudioForwarder {
  readonly ssrc: number;
  readonly #receivePayloadType: number;
  readonly #template: HeaderTemplate;
  readonly #clock: NtpClock;
  readonly #timeline: Timeline | undefined;
  readonly #timestamps: TimestampMap;
  readonly #statistics = new ReceiveStatistics(AUDIO_CLOCK);
  readonly #roundTrip: RoundTrip;
  #gate = new SequenceGate();
  #source: number | undefined;
  /** Output sequence number minus input position; set by the first packet of each source. */
  #shift: number | undefined;
  /** The highest output sequence number given, not wrapped. */
  #highest: number;
  #packetCount = 0;
  #octetCount = 0;
  #last: { readonly timestamp: RtpTicks; readonly at: Milli } | undefined;

  constructor(options: AudioForwarderOptions) {
    const { ssrc, payloadType, extensions, seed } = options;
    this.ssrc = ssrc;
    this.#receivePayloadType = options.receivePayloadType;
    this.#template = new HeaderTemplate({ ssrc, payloadType, ...(extensions ? { extensions } : {}) });
    this.#clock = options.clock;
    this.#timeline = options.timeline;
    this.#roundTrip = new RoundTrip(options.clock);
    this.#timestamps = new TimestampMap(AUDIO_CLOCK, seed);
    this.#highest = (seed >>> 8) & 0x7fff;
  }

  /** The source that is forwarded now; `undefined` before its first packet. */
  get source(): number | undefined {
    return this.#source;
  }

  /** Round trip to the peer in ms, smoothed; `undefined` before its first report. */
  get roundTrip(): Milli | undefined {
    return this.#roundTrip.smoothed;
  }

  /** Packets and payload bytes forwarded. */
  get figures(): { readonly packets: number; readonly bytes: number } {
    return { packets: this.#packetCount, bytes: this.#octetCount };
  }

  /** The packet to send for one that came; `undefined` if it is not to be forwarded. */
  forward(data: Uint8Array, arrived: Milli): OutgoingPacket | undefined {
    const packet = parseRtp(data);
    if (!packet || packet.payloadType !== this.#receivePayloadType) return undefined;
    if (packet.ssrc !== this.#source) this.#begin(packet.ssrc);
    const admission = this.#gate.admit(packet.sequence);
    if (admission.kind === 'refused') return undefined;
    if (admission.kind === 'restart') this.#statistics.restart(packet.ssrc);
    if (admission.kind === 'restart' || this.#shift === undefined) this.#shift = this.#highest + 1 - admission.position;
    this.#statistics.onPacket(packet.sequence, packet.timestamp, arrived);
    // Padding without sound goes on too: its number is used up, and the receiver would count it as lost.
    this.#timeline?.onPacket(packet.timestamp, arrived);
    return this.#forwarded(packet, admission.position + this.#shift, arrived);
  }

  /** An RTCP packet of the peer came. */
  onRtcp(packet: RtcpPacket, arrived: Milli): void {
    if (packet.type === 'sender-report' && packet.ssrc === this.#source) {
      this.#statistics.onSenderReport(packet.ntp, arrived);
      this.#timeline?.onSenderReport(packet.ntp, packet.rtpTimestamp, arrived);
    }
    if (packet.type === 'sender-report' || packet.type === 'receiver-report') {
      const block = packet.reports.find(({ ssrc }) => ssrc === this.ssrc);
      if (block) this.#roundTrip.onReport(block, arrived);
    }
  }

  /** How the peer's sound was received, for our next report; `undefined` if nothing came yet. */
  receptionReport(now: Milli): ReportBlock | undefined {
    return this.#statistics.report(now);
  }

  /** Our next sender report, without report blocks; `undefined` before the first packet. */
  report(now: Milli): SenderReport | undefined {
    const line = {
      ssrc: this.ssrc,
      clockRate: AUDIO_CLOCK,
      clock: this.#clock,
      timeline: this.#timeline,
      timestamps: this.#timestamps,
      last: this.#last,
      packetCount: this.#packetCount,
      octetCount: this.#octetCount,
    };
    return senderReport(line, now);
  }

  #forwarded(packet: RtpPacket, position: number, now: Milli): OutgoingPacket {
    const timestamp = this.#timestamps.map(packet.timestamp, now);
    this.#highest = Math.max(this.#highest, position);
    this.#last = { timestamp, at: now };
    this.#packetCount++;
    this.#octetCount += packet.payload.length;
    const { marker } = packet;
    return this.#template.packet({ marker, sequence: position & 0xffff, timestamp }, [packet.payload], 'audio');
  }

  #begin(ssrc: number): void {
    this.#source = ssrc;
    this.#gate = new SequenceGate();
    this.#shift = undefined;
    this.#statistics.restart(ssrc);
    this.#timeline?.reset();
  }
}
