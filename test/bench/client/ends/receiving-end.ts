import type { Chunk } from '../../../../src/media/chunk.ts';
import { findExtension } from '../../../../src/rtp/packet/extension.ts';
import { parseRtp } from '../../../../src/rtp/packet/rtp-packet.ts';
import { TwccGenerator } from '../../../../src/rtp/receive/twcc-generator.ts';
import { VideoReceiver, type Received, type VideoReceiveFigures } from '../../../../src/rtp/receive/video-receiver.ts';
import type { ReportBlock, RtcpPacket } from '../../../../src/rtp/rtcp/rtcp-packet.ts';
import type { Milli } from '../../../../src/time.ts';
import type { Negotiated } from './negotiated.ts';

export interface ReceivingEndOptions {
  readonly negotiated: Negotiated;
  /** Ours, in feedback. */
  readonly senderSsrc: number;
  /** A whole access unit, in order, with everything that it needs. */
  readonly onChunk: (chunk: Chunk) => void;
  readonly onFeedback: (packets: readonly RtcpPacket[]) => void;
}

/**
 * The receiving end of the load client. It feeds back what a browser does: arrival times of all packets, requests for
 * missing ones, and for keyframes when they do not come.
 */
export class ReceivingEnd {
  readonly #options: ReceivingEndOptions;
  readonly #receiver: VideoReceiver;
  readonly #arrivals: TwccGenerator;

  constructor(options: ReceivingEndOptions) {
    const { negotiated, senderSsrc } = options;
    this.#options = options;
    this.#receiver = new VideoReceiver({
      receive: negotiated.formats.map((format) => ({ clockRate: 90_000, parameters: '', ...format })),
      extensions: negotiated.extensions,
      senderSsrc,
    });
    this.#arrivals = new TwccGenerator(senderSsrc);
  }

  /** Counts since the start. */
  get figures(): VideoReceiveFigures {
    return this.#receiver.figures;
  }

  set roundTrip(value: Milli) {
    this.#receiver.roundTrip = value;
  }

  onRtp(data: Uint8Array, arrived: Milli): void {
    this.#noteArrival(data, arrived);
    this.#take(this.#receiver.push(data, arrived));
  }

  onRtcp(packet: RtcpPacket, arrived: Milli): void {
    this.#receiver.onRtcp(packet, arrived);
  }

  /** Call it each 10 ms. */
  poll(now: Milli): void {
    this.#take(this.#receiver.poll(now));
    const feedback = this.#arrivals.due(now);
    if (feedback.length > 0) this.#options.onFeedback(feedback);
  }

  report(now: Milli): ReportBlock | undefined {
    return this.#receiver.report(now);
  }

  #noteArrival(data: Uint8Array, arrived: Milli): void {
    const { sequenceId } = this.#options.negotiated;
    const packet = sequenceId === undefined ? undefined : parseRtp(data);
    const at = packet && findExtension(packet, sequenceId!);
    if (packet && at !== undefined) this.#arrivals.onPacket((data[at]! << 8) | data[at + 1]!, arrived, packet.ssrc);
  }

  #take({ chunks, feedback }: Received): void {
    if (feedback.length > 0) this.#options.onFeedback(feedback);
    for (const chunk of chunks) this.#options.onChunk(chunk);
  }
}
