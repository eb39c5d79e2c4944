/**
 * What leaves for the network, and in which order it may overtake: audio before resends before video. Padding is never
 * queued: it is made for a probe when there is nothing else to send.
 */
export type Urgency = 'audio' | 'resend' | 'video' | 'padding';

/**
 * What a packet of ours grows by until it is on the wire: 20 bytes IPv4, 8 UDP, 16 SRTP tag (AES-GCM; 10 with SHA-1).
 * An estimate of the way is one of whole packets, and audio of 40 bytes a packet would otherwise count for half.
 */
export const WIRE_OVERHEAD = 44;

/** One packet ready to be sent, but for what is only known at the instant it leaves. */
export interface OutgoingPacket {
  /**
   * The whole packet, header included. It may be kept for resending, so whoever sends it must not change it
   * (encrypting happens into another buffer).
   */
  readonly data: Uint8Array;
  readonly urgency: Urgency;
  /** Where the transport-wide sequence number goes in `data` (2 bytes); −1 if it carries none or keeps its old one. */
  readonly transportSequenceAt: number;
  /** Where abs-send-time goes in `data` (3 bytes); −1 if it carries none. */
  readonly sendTimeAt: number;
}

/** Bytes of a packet on the wire. */
export function wireSize(packet: OutgoingPacket): number {
  return packet.data.length + WIRE_OVERHEAD;
}
