import { CongestionController } from '../../src/rtp/congestion/congestion-controller.ts';
import { readU16 } from '../../src/rtp/packet/bytes.ts';
import { wireSize, type OutgoingPacket, type Urgency } from '../../src/rtp/packet/outgoing-packet.ts';
import { TwccGenerator } from '../../src/rtp/receive/twcc-generator.ts';
import { parseRtcp } from '../../src/rtp/rtcp/parse.ts';
import { serializeRtcp } from '../../src/rtp/rtcp/serialize.ts';
import { Pacer } from '../../src/rtp/send/pacer.ts';
import { SendLog } from '../../src/rtp/send/send-log.ts';
import type { Milli } from '../../src/time.ts';
import type { Random } from '../media/random.ts';
import { EncoderModel } from './encoder-model.ts';

const PACKET = 1150;
/** Share of the estimate that is given to the encoder: the rest is headers. */
const MEDIA_SHARE = 0.94;

export interface FlowOptions {
  /** When it begins. */
  readonly startAt: Milli;
  /** Bits a second: the controller's bounds. */
  readonly start: number;
  readonly minimum: number;
  readonly maximum: number;
  /** The most that the encoder makes, bits a second. */
  readonly encoderMaximum: number;
}

/**
 * One call over a simulated link: a model of an encoder, then the real pacer, send log and controller; at the far end the
 * real feedback generator. `wire` takes what leaves, feedback included, and gives it to `onPacket` and `onFeedback`.
 */
export class Flow {
  readonly options: FlowOptions;
  readonly #log = new SendLog();
  readonly #controller: CongestionController;
  readonly #pacer: Pacer;
  readonly #encoder: EncoderModel;
  readonly #generator = new TwccGenerator(1);

  constructor(options: Partial<FlowOptions>, random: Random) {
    this.options = {
      startAt: 0,
      start: 1_000_000,
      minimum: 100_000,
      maximum: 3_000_000,
      encoderMaximum: Infinity,
      ...options,
    };
    const { start, startAt, encoderMaximum } = this.options;
    this.#controller = new CongestionController(this.options);
    this.#pacer = new Pacer({
      bitrate: start,
      stamp: this.#log,
      padding: (bytes) => [packetOf(Math.max(200, bytes), 'padding')],
    });
    this.#encoder = new EncoderModel({ rate: start, maximum: encoderMaximum, startAt }, random);
  }

  /** Bits a second. */
  get estimate(): number {
    return this.#controller.estimate;
  }

  /** What leaves the sender at `now`. */
  send(now: Milli): OutgoingPacket[] {
    if (now < this.options.startAt) return [];
    const probe = this.#controller.poll(now);
    this.#pacer.bitrate = this.#controller.estimate;
    this.#pacer.braked = this.#controller.full;
    if (probe) this.#pacer.probe(probe);
    const size = this.#encoder.due(MEDIA_SHARE * this.#controller.estimate, now);
    if (size !== undefined) this.#pacer.push(packetsOf(size));
    const leaving = this.#pacer.due(now);
    for (const packet of leaving) this.#controller.onSent(wireSize(packet), now);
    return leaving;
  }

  /** A packet has come to the receiver; `data` begins with it. */
  onPacket(data: Uint8Array, now: Milli): void {
    this.#generator.onPacket(readU16(data, 2), now, 7);
  }

  /** Feedback that leaves the receiver at `now`. */
  feedback(now: Milli): Uint8Array[] {
    return this.#generator.due(now).map((feedback) => serializeRtcp([feedback]));
  }

  /** Feedback has come to the sender. */
  onFeedback(rtcp: Uint8Array, now: Milli): void {
    for (const feedback of parseRtcp(rtcp)) {
      if (feedback.type !== 'transport-feedback') continue;
      this.#controller.onFeedback(this.#log.onFeedback(feedback, now), now);
      if (this.#log.roundTrip !== undefined) this.#controller.onRoundTrip(this.#log.roundTrip);
    }
  }
}

function packetsOf(size: number): OutgoingPacket[] {
  const count = Math.max(1, Math.ceil(size / PACKET));
  return Array.from({ length: count }, () => packetOf(Math.max(40, Math.round(size / count)), 'video'));
}

function packetOf(size: number, urgency: Urgency): OutgoingPacket {
  return { data: new Uint8Array(size), urgency, transportSequenceAt: 2, sendTimeAt: -1 };
}
