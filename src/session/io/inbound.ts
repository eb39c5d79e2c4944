import type { Chunk } from '../../media/chunk.ts';
import { findExtension, EXTENSION_URI } from '../../rtp/packet/extension.ts';
import { parseRtp } from '../../rtp/packet/rtp-packet.ts';
import { TwccGenerator } from '../../rtp/receive/twcc-generator.ts';
import { VideoReceiver, type Received, type VideoReceiveFigures } from '../../rtp/receive/video-receiver.ts';
import type { ReportBlock, RtcpPacket } from '../../rtp/rtcp/rtcp-packet.ts';
import type { MediaTimeline } from '../../rtp/source-clock.ts';
import type { Milli } from '../../time.ts';
import type { NegotiatedMedia } from '../transport/transport.ts';
import { Interruption } from './out/interruption.ts';

export interface InboundOptions {
  readonly media: NegotiatedMedia;
  /** Our SSRC in feedback. */
  readonly senderSsrc: number;
  readonly timeline: MediaTimeline;
  readonly onChunk: (chunk: Chunk) => void;
  /** To be sent at once. */
  readonly onFeedback: (feedback: readonly RtcpPacket[]) => void;
  /** The way was interrupted and is there again. */
  readonly onInterrupted: (now: Milli) => void;
}

/** The way in of a session's video: packets to chunks, and the feedback that keeps the sender's estimate up. */
export class Inbound {
  readonly #options: InboundOptions;
  readonly #receiver: VideoReceiver;
  readonly #twcc: TwccGenerator;
  readonly #silence = new Interruption();
  readonly #sequenceId: number;

  constructor(options: InboundOptions) {
    const { media, senderSsrc, timeline } = options;
    this.#options = options;
    const { receive, extensions, keyframeRequest, layer } = media;
    this.#receiver = new VideoReceiver({
      receive,
      extensions,
      senderSsrc,
      timeline,
      ...(keyframeRequest && { keyframeRequest }),
      ...(layer !== undefined && { layer }),
    });
    this.#twcc = new TwccGenerator(senderSsrc);
    this.#sequenceId = media.extensions.get(EXTENSION_URI.transportSequence) ?? -1;
  }

  /** Counts since the start. */
  get figures(): VideoReceiveFigures {
    return this.#receiver.figures;
  }

  get nextAt(): Milli {
    return Math.min(this.#receiver.nextAt, this.#twcc.nextAt);
  }

  set roundTrip(value: Milli) {
    this.#receiver.roundTrip = value;
  }

  onRtp(data: Uint8Array, arrived: Milli): void {
    this.noteSequence(data, arrived);
    const interrupted = this.#silence.onCome(arrived);
    this.#silence.expect(arrived);
    this.#take(this.#receiver.push(data, arrived));
    if (!interrupted) return;
    this.requestKeyframe(arrived);
    this.#options.onInterrupted(arrived);
  }

  onRtcp(packet: RtcpPacket, arrived: Milli): void {
    this.#receiver.onRtcp(packet, arrived);
  }

  /** The decoder lost its place, or a chunk was given up. */
  requestKeyframe(now: Milli): void {
    this.#take(this.#receiver.requestKeyframe(now));
  }

  /** What is due at `now`: resends to ask for, keyframes, arrival times to tell. */
  poll(now: Milli): void {
    if (now >= this.#receiver.nextAt) this.#take(this.#receiver.poll(now));
    const feedback = this.#twcc.due(now);
    if (feedback.length > 0) this.#options.onFeedback(feedback);
  }

  report(now: Milli): ReportBlock | undefined {
    return this.#receiver.report(now);
  }

  /** Any packet of the transport came, sound too: if it is numbered, the peer is told when. */
  noteSequence(data: Uint8Array, arrived: Milli): void {
    if (this.#sequenceId <= 0) return;
    const packet = parseRtp(data);
    const at = packet && findExtension(packet, this.#sequenceId);
    if (packet === undefined || at === undefined) return;
    this.#twcc.onPacket(((data[at] ?? 0) << 8) | (data[at + 1] ?? 0), arrived, packet.ssrc);
  }

  #take({ chunks, feedback }: Received): void {
    if (feedback.length > 0) this.#options.onFeedback(feedback);
    for (const chunk of chunks) this.#options.onChunk(chunk);
  }
}
