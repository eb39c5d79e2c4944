import { monotonic, type Milli } from '../../../src/time.ts';
import type { WeriftPeer } from '../../peer/werift-peer.ts';

/** A stream like a 2 Mbit/s video: 30 frames a second of 8 packets. */
const FRAME_TIME: Milli = 1000 / 30;
const PACKETS = 8;
const PAYLOAD = 1028;
/** Where a packet says when it was sent: behind the RTP header. */
export const SENT_AT = 12;

/** Sends such a stream from a peer until it is stopped, and notes how long its packets take there and back. */
export class Load {
  readonly roundTrips: number[] = [];
  sent = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #peer: WeriftPeer;

  constructor(peer: WeriftPeer) {
    this.#peer = peer;
    peer.pc.dtlsTransports[0]?.onRtp.subscribe(({ payload }) => {
      this.roundTrips.push(monotonic.now() - payload.readDoubleBE(0));
    });
  }

  start(): void {
    let frame = 0;
    this.#timer = setInterval(() => {
      frame++;
      for (let i = 0; i < PACKETS; i++) {
        const payload = Buffer.alloc(PAYLOAD);
        payload.writeDoubleBE(monotonic.now());
        this.#peer.sendRtp('video', payload, frame * 3000, i === PACKETS - 1);
        this.sent++;
      }
    }, FRAME_TIME);
  }

  /** Forgets what was noted so far. */
  reset(): void {
    this.roundTrips.length = 0;
    this.sent = 0;
    this.#peer.packets.length = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
