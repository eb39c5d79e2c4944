/** What leaves for the network, and in which order it may overtake: audio before resends before video. */
export type Urgency = 'audio' | 'resend' | 'video';

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
