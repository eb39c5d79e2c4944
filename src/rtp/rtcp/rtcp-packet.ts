/** The RTCP packets that Guise speaks, as plain values. SSRCs are unsigned 32-bit numbers. */
import type { RtpTicks } from '../../time.ts';

/** How one source was received, RFC 3550 §6.4.1. */
export interface ReportBlock {
  readonly ssrc: number;
  /** Since the last report, in 1/256: 0–255. */
  readonly fractionLost: number;
  /** Since the start, −8,388,608 … 8,388,607; duplicates make it negative. */
  readonly cumulativeLost: number;
  /** Highest sequence number received, cycles in the upper 16 bits. */
  readonly highestSequence: number;
  /** Interarrival jitter in ticks of the media clock. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report; 0 without one. */
  readonly lastSenderReport: number;
  /** Since that report arrived, in 1/65,536 s. */
  readonly delaySinceLastSenderReport: number;
}

/** Seconds since 1900 and their fraction in 1/2³² s. */
export interface NtpTime {
  readonly high: number;
  readonly low: number;
}

export interface SenderReport {
  readonly type: 'sender-report';
  readonly ssrc: number;
  readonly ntp: NtpTime;
  /** The media clock at the same instant as `ntp`. */
  readonly rtpTimestamp: RtpTicks;
  readonly packetCount: number;
  /** Payload bytes. */
  readonly octetCount: number;
  readonly reports: readonly ReportBlock[];
}

export interface ReceiverReport {
  readonly type: 'receiver-report';
  readonly ssrc: number;
  readonly reports: readonly ReportBlock[];
}

/** Canonical names, RFC 3550 §6.5. */
export interface SourceDescription {
  readonly type: 'source-description';
  readonly names: readonly { readonly ssrc: number; readonly cname: string }[];
}

export interface Bye {
  readonly type: 'bye';
  readonly ssrcs: readonly number[];
}

/** Generic NACK, RFC 4585 §6.2.1: 16-bit sequence numbers that are missing, in the order found. */
export interface Nack {
  readonly type: 'nack';
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
  readonly lost: readonly number[];
}

/** Picture loss indication, RFC 4585 §6.3.1: a keyframe is wanted. */
export interface PictureLoss {
  readonly type: 'picture-loss';
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
}

/** Full intra request, RFC 5104 §4.3.1. */
export interface FullIntraRequest {
  readonly type: 'full-intra-request';
  readonly senderSsrc: number;
  /** A repeated `sequence` repeats the same request. */
  readonly requests: readonly { readonly ssrc: number; readonly sequence: number }[];
}

/** Arrival of each packet of a transport, draft-holmer-rmcat-transport-wide-cc-extensions-01. */
export interface TransportFeedback {
  readonly type: 'transport-feedback';
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
  /** Transport-wide sequence number of the first entry of `arrivals`. */
  readonly baseSequence: number;
  /** Counts feedback packets, 0–255. */
  readonly feedbackCount: number;
  /** Multiples of 64 ms, 24 bits; `arrivals` count from there. */
  readonly referenceTime: number;
  /** Per packet: arrival after the reference time in 250 µs, or `NOT_RECEIVED`. */
  readonly arrivals: Int32Array;
}

/** Stands in `TransportFeedback.arrivals` for a packet that did not come. */
export const NOT_RECEIVED = -0x8000_0000;

/** Receiver estimated maximum bitrate, draft-alvestrand-rmcat-remb-03. */
export interface BitrateEstimate {
  readonly type: 'bitrate-estimate';
  readonly senderSsrc: number;
  readonly bitsPerSecond: number;
  readonly ssrcs: readonly number[];
}

export type RtcpPacket =
  | SenderReport
  | ReceiverReport
  | SourceDescription
  | Bye
  | Nack
  | PictureLoss
  | FullIntraRequest
  | TransportFeedback
  | BitrateEstimate;
