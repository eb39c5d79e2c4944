import type { Milli } from '../../time.ts';
import type { Probe } from '../congestion/congestion.ts';
import { wireSize, type OutgoingPacket } from '../packet/outgoing-packet.ts';
import { ProbeBurst } from './probe-burst.ts';

/** How much faster than the estimate what waits may leave, as libwebrtc has it: a late picture catches up. */
const RATE_FACTOR = 2.5;
/**
 * What may leave at once: 25 ms of the estimate, and the packet that crosses it. A picture of ordinary size (33 ms of the
 * media, which is less than the estimate) then hardly waits here. Held back it would not arrive sooner: its last packet
 * is through a bottleneck of the estimate's rate at the same instant, and where the way is faster it would be late for
 * nothing. What is larger would stand in the queue of the way for longer than a frame, before sound and other people's
 * packets, so it is spread.
 */
const BURST: Milli = 25;
/** Two packets, for low estimates; and 62: two thirds of what a default socket buffer (212,992 B) takes of full ones. */
const BURST_MINIMUM = 2500;
const BURST_MAXIMUM = 75_000;
/** What may leave at once at the start, ten full packets as with TCP (RFC 6928): the first picture should not wait. */
const BURST_AT_START = 12_000;
/**
 * No picture waits longer, unless resends overtake it: what waits leaves faster than the factor says if need be, since
 * late it is of no use at all.
 */
const LONGEST_WAIT: Milli = 200;
/** What may wait: 500 ms at the rate at which it leaves, but always a keyframe of a large picture coded as coarse as can be. */
const QUEUE: Milli = 500;
const QUEUE_MINIMUM = 100_000;
/** Above this part of the queue's bound resends are refused: pictures need the rest. */
const RESEND_PART = 0.5;
/**
 * Share of the estimate at which what waits leaves while too much is on its way: enough for feedback to go on, and less
 * than is left of most links that have become narrow, so that their queue drains.
 */
const BRAKED_FACTOR = 0.25;
/** Bytes of padding that are made at once: about a packet, so that a probe is as even as media is. */
const PADDING = 1000;

/** What is told to whoever counts on the packets: called with each as it leaves, before it is handed out. */
export interface Stamp {
  stamp(packet: OutgoingPacket, now: Milli, probe?: number): void;
}

export interface PacerOptions {
  /** Bits a second that the way carries. */
  readonly bitrate: number;
  /** Writes what is known only when a packet leaves (`SendLog`). */
  readonly stamp?: Stamp;
  /** Makes about `bytes` of packets that mean nothing, for probes; none if it cannot. */
  readonly padding?: (bytes: number, now: Milli) => readonly OutgoingPacket[];
}

/**
 * A leaky bucket: it spreads what is too much for the way at once. Sound never waits, resends go before new pictures,
 * padding fills what a probe wants and media does not.
 */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #audio: OutgoingPacket[] = [];
  readonly #waiting = { resend: [] as OutgoingPacket[], video: [] as OutgoingPacket[] };
  #waitingBytes = 0;
  #bitrate: number;
  #braked = false;
  #tokens = BURST_AT_START;
  #refilledAt: Milli | undefined;
  /** Bytes a millisecond without which something that waits now would wait too long. */
  #urgentRate = 0;
  #burst: ProbeBurst | undefined;
  /** There was nothing to fill the probe with; it goes on with the next picture. */
  #starved = false;
  #overflowed = 0;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#bitrate = options.bitrate;
  }

  /** The estimate has changed, bits a second. */
  set bitrate(bitsPerSecond: number) {
    this.#bitrate = bitsPerSecond;
  }

  /** More is on its way than the way can hold (`InFlightWindow`): media leaves slowly until that is told of. */
  set braked(braked: boolean) {
    this.#braked = braked;
    if (braked) this.#tokens = Math.min(this.#tokens, 0);
  }

  /** Packets waiting. */
  get waiting(): number {
    return this.#audio.length + this.#waiting.resend.length + this.#waiting.video.length;
  }

  /** How long the way needs for what waits, by its estimate. */
  get queue(): Milli {
    return this.#waitingBytes / (this.#bitrate / 8000);
  }

  /** Packets refused because too many were waiting. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** When `due` has something to hand out; `Infinity` if nothing waits. */
  get nextAt(): Milli {
    if (this.#audio.length > 0) return -Infinity;
    if (this.#burst !== undefined) return this.#starved ? Infinity : this.#burst.nextAt;
    if (this.waiting === 0) return Infinity;
    if (this.#tokens > 0) return -Infinity;
    return (this.#refilledAt ?? -Infinity) - this.#tokens / this.#bytesPerMilli + 0.01;
  }

  /**
   * Takes packets in, all or none: false if too much is waiting already, and then the receiver misses them (it will ask,
   * or want a keyframe).
   */
  push(packets: readonly OutgoingPacket[]): boolean {
    const bytes = packets.reduce((sum, packet) => sum + (packet.urgency === 'audio' ? 0 : wireSize(packet)), 0);
    const part = packets[0]?.urgency === 'resend' ? RESEND_PART : 1;
    const bound = part * Math.max(QUEUE_MINIMUM, QUEUE * this.#paced);
    if (bytes > 0 && this.#waitingBytes + bytes > bound) {
      this.#overflowed += packets.length;
      return false;
    }
    for (const packet of packets) {
      const { urgency } = packet;
      if (urgency === 'audio') this.#audio.push(packet);
      else this.#waiting[urgency === 'resend' ? 'resend' : 'video'].push(packet);
    }
    this.#waitingBytes += bytes;
    this.#urgentRate = Math.max(this.#urgentRate, this.#waitingBytes / LONGEST_WAIT);
    this.#starved = false;
    return true;
  }

  /** Sends `probe` from now on, with what waits and, where that is not enough, padding. One that is under way ends. */
  probe(probe: Probe): void {
    this.#burst = new ProbeBurst(probe);
    this.#starved = false;
  }

  /** Throws away all that waits but sound: the way has been interrupted, and what is older than that is of no use. */
  clear(): void {
    this.#waiting.resend.length = 0;
    this.#waiting.video.length = 0;
    this.#waitingBytes = 0;
    this.#urgentRate = 0;
  }

  /** What may leave at `now`, in sending order. */
  due(now: Milli): OutgoingPacket[] {
    this.#refill(now);
    const leaving: OutgoingPacket[] = [];
    for (const packet of this.#audio.splice(0)) this.#leave(packet, now, leaving);
    if (this.#burst !== undefined) this.#fill(this.#burst, now, leaving);
    // While a probe is sent, its rate goes for all: at once, its packets would tell nothing.
    while (this.#burst === undefined && this.#tokens > 0) {
      const packet = this.#next();
      if (packet === undefined) break;
      this.#leave(packet, now, leaving);
    }
    if (this.#waitingBytes === 0) this.#urgentRate = 0;
    return leaving;
  }

  #fill(burst: ProbeBurst, now: Milli, leaving: OutgoingPacket[]): void {
    while (!burst.isOver(now) && burst.room(now) > 0) {
      const packet = this.#next();
      const padding = packet ? [] : (this.#options.padding?.(Math.min(burst.missing, PADDING), now) ?? []);
      if (packet === undefined && padding.length === 0) {
        this.#starved = true;
        break;
      }
      for (const each of packet ? [packet] : padding) {
        burst.onPacket(wireSize(each), now);
        this.#leave(each, now, leaving, burst.id);
      }
    }
    if (burst.isOver(now)) this.#burst = undefined;
  }

  /** Takes what is to leave next out of its queue. */
  #next(): OutgoingPacket | undefined {
    const packet = this.#waiting.resend.shift() ?? this.#waiting.video.shift();
    if (packet !== undefined) this.#waitingBytes -= wireSize(packet);
    return packet;
  }

  #leave(packet: OutgoingPacket, now: Milli, leaving: OutgoingPacket[], probe?: number): void {
    // Padding is the probe's own affair: media does not wait for it.
    if (packet.urgency !== 'padding') this.#tokens -= wireSize(packet);
    this.#options.stamp?.stamp(packet, now, probe);
    leaving.push(packet);
  }

  get #bytesPerMilli(): number {
    return this.#braked ? (this.#bitrate * BRAKED_FACTOR) / 8000 : Math.max(this.#urgentRate, this.#paced);
  }

  get #paced(): number {
    return (this.#bitrate * RATE_FACTOR) / 8000;
  }

  #refill(now: Milli): void {
    const passed = Math.max(0, now - (this.#refilledAt ?? now));
    const burst = this.#braked ? 1 : Math.min(BURST_MAXIMUM, Math.max(BURST_MINIMUM, (this.#bitrate / 8000) * BURST));
    // What is left of the start's stays until it is used.
    this.#tokens = Math.min(Math.max(burst, this.#tokens), this.#tokens + passed * this.#bytesPerMilli);
    this.#refilledAt = now;
  }
}
