import type { Milli } from '../../time.ts';
import type { OutgoingPacket, Urgency } from '../packet/outgoing-packet.ts';

/** How much faster than the bitrate a burst may leave, and its bounds in bits a second. */
const RATE_FACTOR = 6;
const RATE_MINIMUM = 4_000_000;
const RATE_MAXIMUM = 40_000_000;
/**
 * What may leave at once: 120 ms of the bitrate, so that ordinary frames (33 ms of it) never wait, within bounds. The
 * most is 62 packets, two thirds of what a default socket buffer (212,992 B, about 90 full packets) takes.
 */
const BURST: Milli = 120;
const BURST_MINIMUM = 12_000;
const BURST_MAXIMUM = 75_000;
/** How long the last of what waits may have to wait: whatever would leave later is too late for any budget. */
const WAITING_LIMIT: Milli = 500;
const ORDER = ['audio', 'resend', 'video'] as const satisfies readonly Urgency[];

/** What is told to whoever counts on the packets: called with each as it leaves, before it is handed out. */
export interface Stamp {
  stamp(packet: OutgoingPacket, now: Milli, probe?: number): void;
}

/**
 * Spreads bursts: a keyframe of a hundred packets would overflow a socket buffer on the way, ordinary frames pass at
 * once. A bucket of bytes that refills by time; sound never waits, resends go before new pictures.
 */
export class Pacer {
  readonly #stamp: Stamp | undefined;
  readonly #waiting: Record<Urgency, OutgoingPacket[]> = { audio: [], resend: [], video: [] };
  #waitingBytes = 0;
  #bitrate: number;
  #tokens: number;
  #refilledAt: Milli | undefined;
  #overflowed = 0;

  /**
   * @param options.bitrate bits a second of the media that will be sent
   * @param options.stamp writes what is known only when a packet leaves (`SendLog`)
   */
  constructor(options: { readonly bitrate: number; readonly stamp?: Stamp }) {
    this.#bitrate = options.bitrate;
    this.#stamp = options.stamp;
    this.#tokens = this.#burst;
  }

  /** The media's rate has changed. */
  set bitrate(bitsPerSecond: number) {
    this.#bitrate = bitsPerSecond;
  }

  /** Packets waiting. */
  get waiting(): number {
    return ORDER.reduce((sum, urgency) => sum + this.#waiting[urgency].length, 0);
  }

  /** Packets refused because too many were waiting. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** When `due` has something to hand out; `Infinity` if nothing waits. */
  get nextAt(): Milli {
    if (this.waiting === 0) return Infinity;
    if (this.#waiting.audio.length > 0 || this.#tokens > 0) return -Infinity;
    return (this.#refilledAt ?? -Infinity) - this.#tokens / this.#bytesPerMilli + 0.01;
  }

  /**
   * Takes packets in, all or none: false if too much is waiting already, and then the receiver misses them (it will ask,
   * or want a keyframe).
   */
  push(packets: readonly OutgoingPacket[]): boolean {
    const bytes = packets.reduce((sum, { data }) => sum + data.length, 0);
    if (this.#waitingBytes + bytes > WAITING_LIMIT * this.#bytesPerMilli) {
      this.#overflowed += packets.length;
      return false;
    }
    this.#waitingBytes += bytes;
    for (const packet of packets) this.#waiting[packet.urgency].push(packet);
    return true;
  }

  /** What may leave at `now`, in sending order. */
  due(now: Milli): OutgoingPacket[] {
    this.#refill(now);
    const leaving: OutgoingPacket[] = [];
    for (const urgency of ORDER) {
      const queue = this.#waiting[urgency];
      let count = 0;
      for (const packet of queue) {
        if (urgency !== 'audio' && this.#tokens <= 0) break;
        this.#tokens -= packet.data.length;
        this.#waitingBytes -= packet.data.length;
        this.#stamp?.stamp(packet, now);
        leaving.push(packet);
        count++;
      }
      if (count > 0) queue.splice(0, count);
    }
    return leaving;
  }

  get #burst(): number {
    return Math.min(BURST_MAXIMUM, Math.max(BURST_MINIMUM, (this.#bitrate / 8000) * BURST));
  }

  get #bytesPerMilli(): number {
    return Math.min(RATE_MAXIMUM, Math.max(RATE_MINIMUM, this.#bitrate * RATE_FACTOR)) / 8000;
  }

  #refill(now: Milli): void {
    const passed = Math.max(0, now - (this.#refilledAt ?? now));
    this.#tokens = Math.min(this.#burst, this.#tokens + passed * this.#bytesPerMilli);
    this.#refilledAt = now;
  }
}
