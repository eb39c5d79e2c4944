/** A transport with everything that it tells, and the wiring of a call with `WeriftPeer`. */
import type { CreateTransport } from '../../src/session/transport/create-transport.ts';
import type {
  ArrivedPacket,
  NegotiatedMedia,
  Transport,
  TransportState,
} from '../../src/session/transport/transport.ts';
import type { TransportSettings } from '../../src/session/transport/transport-settings.ts';
import { WeriftTransport } from '../../src/session/transport/werift-transport.ts';
import { monotonic } from '../../src/time.ts';
import { Waiting } from './waiting.ts';
import type { WeriftPeer } from './werift-peer.ts';

/** Only the loopback: tests need no network. */
export const LOOPBACK: TransportSettings = { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] };

const createWerift = (...args: ConstructorParameters<typeof WeriftTransport>): WeriftTransport =>
  new WeriftTransport(...args);

export class TransportServer<Tested extends Transport = WeriftTransport> {
  readonly rtp: ArrivedPacket[] = [];
  readonly rtcp: ArrivedPacket[] = [];
  readonly states: [TransportState, string | undefined][] = [];
  readonly transport: Tested;
  readonly #waiting = new Waiting(
    () => `[states:${this.states.join(' ')}] [rtp:${this.rtp.length}] [rtcp:${this.rtcp.length}]`,
  );

  constructor(
    settings: TransportSettings = LOOPBACK,
    create: (...args: Parameters<CreateTransport>) => Tested = createWerift as never,
  ) {
    this.transport = create(
      settings,
      {
        onRtp: (packet) => this.#notify(this.rtp.push(packet)),
        onRtcp: (packet) => this.#notify(this.rtcp.push(packet)),
        onState: (state, reason) => this.#notify(this.states.push([state, reason])),
      },
      monotonic,
    );
  }

  /** Resolves when `condition` holds; it is asked again whenever something is told. Rejects after `PATIENCE`. */
  until(condition: () => boolean): Promise<void> {
    return this.#waiting.until(condition);
  }

  #notify(_count: number): void {
    this.#waiting.notify();
  }
}

/** Offer, answer, ICE, DTLS. */
export async function connect(
  server: TransportServer<Transport>,
  peer: WeriftPeer,
): Promise<readonly NegotiatedMedia[]> {
  const { sdp, media } = await server.transport.answer(await peer.offer());
  await Promise.all([peer.connect(sdp), server.until(() => server.transport.state === 'connected')]);
  return media;
}

/** A minimal RTP packet. */
export function rtpPacket(options: { ssrc: number; payloadType: number; sequence: number; payload: Buffer }): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = options.payloadType | 0x80;
  header.writeUInt16BE(options.sequence, 2);
  header.writeUInt32BE(3000, 4);
  header.writeUInt32BE(options.ssrc, 8);
  return Buffer.concat([header, options.payload]);
}
