/** A session between a transport and a pixel half that are both made up. */
import { GatewayError } from '../../src/errors.ts';
import type { Chunk } from '../../src/media/chunk.ts';
import { parseRtcp } from '../../src/rtp/rtcp/parse.ts';
import type { RtcpPacket } from '../../src/rtp/rtcp/rtcp-packet.ts';
import { serializeRtcp } from '../../src/rtp/rtcp/serialize.ts';
import { MediaSession } from '../../src/session/io/media-session.ts';
import type { FromPixel, ToPixel } from '../../src/session/pixel.ts';
import { sessionSettingsSchema } from '../../src/session/settings.ts';
import type { SessionFigures } from '../../src/session/statistics.ts';
import type {
  NegotiatedMedia,
  Transport,
  TransportEvents,
  TransportState,
} from '../../src/session/transport/transport.ts';
import { monotonic } from '../../src/time.ts';

/** Sources of the peer. */
export const PEER = { video: 0x1000, audio: 0x2000 };
/** VP8 both ways; our source is 0x3000. */
export const VIDEO: NegotiatedMedia = {
  kind: 'video',
  mid: '1',
  receive: [{ name: 'vp8', payloadType: 96, clockRate: 90_000, parameters: '' }],
  send: { codec: { name: 'vp8', payloadType: 96, clockRate: 90_000, parameters: '' }, ssrc: 0x3000 },
  extensions: new Map(),
};
const AUDIO: NegotiatedMedia = {
  kind: 'audio',
  mid: '0',
  receive: [{ name: 'opus', payloadType: 111, clockRate: 48_000, channels: 2, parameters: '' }],
  send: { codec: { name: 'opus', payloadType: 111, clockRate: 48_000, channels: 2, parameters: '' }, ssrc: 0x4000 },
  extensions: new Map(),
};

/** A transport without a network: what the session sends is kept, what the peer sends is told. */
export class FakeTransport implements Transport {
  state: TransportState = 'new';
  media: readonly NegotiatedMedia[] = [VIDEO, AUDIO];
  readonly rtp: Uint8Array[] = [];
  readonly rtcp: RtcpPacket[] = [];
  readonly events: TransportEvents;

  constructor(events: TransportEvents) {
    this.events = events;
  }

  answer(): Promise<{ sdp: string; media: readonly NegotiatedMedia[] }> {
    if (this.state === 'closed') return Promise.reject(new GatewayError('closed', 'the session must be open'));
    if (this.state === 'new') this.#to('connected');
    return Promise.resolve({ sdp: 'answer', media: this.media });
  }

  addCandidate(): void {}

  sendRtp(packet: Uint8Array): void {
    this.rtp.push(packet);
  }

  sendRtcp(packet: Uint8Array): void {
    this.rtcp.push(...parseRtcp(packet));
  }

  close(): void {
    if (this.state !== 'closed') this.#to('closed');
  }

  /** One VP8 frame in one packet. The frame's first bit is 0 in a keyframe. */
  frame(sequence: number, keyframe: boolean): void {
    const payload = [
      0x10,
      ...(keyframe ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0] : [0x11, 0, 0]),
      sequence & 0xff,
    ];
    this.#packet({ payloadType: 96, ssrc: PEER.video, sequence, timestamp: sequence * 3000, payload });
  }

  sound(sequence: number): void {
    this.#packet({ payloadType: 111, ssrc: PEER.audio, sequence, timestamp: sequence * 960, payload: [1, 2, 3] });
  }

  /** @param later milliseconds after now that it arrives */
  feedback(packet: RtcpPacket, later = 0): void {
    this.events.onRtcp({ data: serializeRtcp([packet]), arrived: monotonic.now() + later });
  }

  #packet(fields: { payloadType: number; ssrc: number; sequence: number; timestamp: number; payload: number[] }): void {
    const data = Buffer.alloc(12 + fields.payload.length);
    data[0] = 0x80;
    data[1] = 0x80 | fields.payloadType;
    data.writeUInt16BE(fields.sequence, 2);
    data.writeUInt32BE(fields.timestamp, 4);
    data.writeUInt32BE(fields.ssrc, 8);
    data.set(fields.payload, 12);
    this.events.onRtp({ data, arrived: monotonic.now() });
  }

  #to(state: TransportState): void {
    this.state = state;
    this.events.onState(state, state === 'closed' ? 'closed' : undefined);
  }
}

/** Everything that goes in and out of the session. */
export class FakeCall {
  readonly toPixel: ToPixel[] = [];
  readonly states: string[] = [];
  readonly failures: string[] = [];
  readonly session: MediaSession;
  transport!: FakeTransport;
  /** Resolves with the next figures. */
  figures: (figures: SessionFigures) => void = () => undefined;

  constructor() {
    this.session = new MediaSession({
      id: 'one',
      settings: sessionSettingsSchema.parse({}),
      identity: null,
      clock: monotonic,
      createTransport: (events) => (this.transport = new FakeTransport(events)),
      pixel: { send: (message) => this.toPixel.push(message) },
      events: {
        onState: (state) => this.states.push(state),
        onFace: () => undefined,
        onFigures: (figures) => this.figures(figures),
        onFailed: (code) => this.failures.push(code),
      },
    });
  }

  get chunks(): Chunk[] {
    return this.toPixel.flatMap((message) => (message.type === 'chunk' ? [message.chunk] : []));
  }

  count(type: ToPixel['type']): number {
    return this.toPixel.filter((message) => message.type === type).length;
  }

  /** The pixel half gives a chunk back as it came. */
  echo(chunk: Chunk, outcome: 'swapped' | 'hidden' = 'swapped'): void {
    const { data, timestamp, keyframe, decodable } = chunk;
    this.pixel({
      type: 'chunk',
      session: 'one',
      chunk: { codec: 'vp8', data, timestamp, keyframe },
      outcome,
      decodable,
      deadline: decodable + 66,
    });
  }

  pixel(message: FromPixel): void {
    this.session.onPixel(message);
  }
}

/** A call whose first offer has been answered. */
export async function openCall(): Promise<FakeCall> {
  const call = new FakeCall();
  await call.session.answer('offer');
  return call;
}
