import type { Milli } from '../../src/time.ts';
import { Random } from '../media/random.ts';
import { changed, CLEAN, type Impairment } from './impairment.ts';

/** Why a packet did not come out of a link. */
export type Loss = 'lost' | 'overflow' | 'cut';

/** One packet that went into a link. */
export interface PacketRecord {
  /** When it came in. */
  readonly at: Milli;
  /** Bytes of UDP payload. */
  readonly size: number;
  /** The relay's number of the call that it belongs to. */
  readonly flow: number;
  readonly loss?: Loss;
  /** How long it stood before the bottleneck, ms; missing while it does, and if it was dropped. */
  wait?: Milli;
}

/** What a link has seen since its start. */
export interface LinkCounters {
  packets: number;
  bytes: number;
  /** Came out, copies not counted. */
  delivered: number;
  lost: number;
  overflow: number;
  cut: number;
  duplicated: number;
  reordered: number;
}

/** By how much a packet is held back that is to come out behind later ones: some packets of a 720p stream. */
const HELD_BACK: Milli = 12;
/** Most records that are kept, the newest: over ten minutes of a 2.5 Mbit/s call. */
const MOST_RECORDS = 200_000;

interface Waiting<Packet> {
  readonly packet: Packet;
  readonly record: PacketRecord;
}

/** One direction of a way between two peers. Pure: packets go in with the time, and come out when they are due. */
export class Link<Packet> {
  readonly counters: LinkCounters = {
    packets: 0,
    bytes: 0,
    delivered: 0,
    lost: 0,
    overflow: 0,
    cut: 0,
    duplicated: 0,
    reordered: 0,
  };
  #records: PacketRecord[] = [];
  readonly #random: Random;
  #impairment: Impairment;
  /** Before the bottleneck, and how many bytes that are. */
  readonly #queue: Waiting<Packet>[] = [];
  #queuedBytes = 0;
  /** When the bottleneck has sent the first of the queue, and since when it is free. */
  #headDone: Milli = Infinity;
  /** Behind the bottleneck, in the order of leaving. */
  readonly #flying: { readonly packet: Packet; readonly due: Milli }[] = [];
  #lastDue: Milli = -Infinity;
  #inBurst = false;

  /** @param seed of its chances: the same packets meet the same fate */
  constructor(seed: number, impairment: Partial<Impairment> = {}) {
    this.#random = new Random(seed);
    this.#impairment = changed(CLEAN, impairment);
  }

  /** The newest records, oldest first. */
  get records(): readonly PacketRecord[] {
    return this.#records;
  }

  /** When `take` next has something to give; Infinity if nothing is on its way. */
  get nextAt(): Milli {
    return Math.min(this.#headDone, this.#flying[0]?.due ?? Infinity);
  }

  /** Changes the link from now on. What the bottleneck has begun to send goes at the old rate. */
  set(change: Partial<Impairment>): void {
    this.#impairment = changed(this.#impairment, change);
  }

  push(packet: Packet, size: number, flow: number, now: Milli): void {
    this.#serve(now);
    this.counters.packets++;
    this.counters.bytes += size;
    const loss = this.#lossOf(size);
    const record: PacketRecord = { at: now, size, flow, ...(loss && { loss }) };
    if (this.#records.push(record) > MOST_RECORDS) this.#records = this.#records.slice(MOST_RECORDS / 4);
    if (loss) {
      this.counters[loss]++;
      return;
    }
    this.#queue.push({ packet, record });
    this.#queuedBytes += size;
    if (this.#queue.length === 1) this.#begin(now);
    this.#serve(now);
  }

  /** Gives the packets that have left by now, in that order. */
  take(now: Milli): Packet[] {
    this.#serve(now);
    const count = this.#flying.findIndex(({ due }) => due > now);
    return this.#flying.splice(0, count < 0 ? this.#flying.length : count).map(({ packet }) => packet);
  }

  #lossOf(size: number): Loss | undefined {
    const { cut, loss, burst, queue, rate } = this.#impairment;
    if (cut) return 'cut';
    if (this.#chanceOfLoss(loss / 100, burst)) return 'lost';
    return ((this.#queuedBytes + size) * 8) / rate > queue ? 'overflow' : undefined;
  }

  /** Gilbert's model: a bad state, left with chance 1/burst, in which all is lost. */
  #chanceOfLoss(share: number, burst: number): boolean {
    const chance = this.#random.next();
    if (burst <= 1 || share >= 1) return chance < share;
    this.#inBurst = this.#inBurst ? chance >= 1 / burst : chance < share / (burst * (1 - share));
    return this.#inBurst;
  }

  #begin(now: Milli): void {
    const head = this.#queue[0];
    this.#headDone = head ? now + (head.record.size * 8) / this.#impairment.rate : Infinity;
  }

  /** Lets the bottleneck send what it has had time for. */
  #serve(now: Milli): void {
    while (this.#headDone <= now) {
      const done = this.#headDone;
      const { packet, record } = this.#queue.shift()!;
      this.#queuedBytes -= record.size;
      record.wait = done - record.at;
      this.#begin(done);
      this.#fly(packet, done);
    }
  }

  #fly(packet: Packet, from: Milli): void {
    const { delay, jitter, ordered, duplicate, reorder } = this.#impairment;
    this.counters.delivered++;
    let due = from + delay + (jitter > 0 ? this.#random.between(0, jitter) : 0);
    if (this.#hits(reorder)) {
      this.counters.reordered++;
      due += HELD_BACK;
    } else if (ordered) {
      due = this.#lastDue = Math.max(due, this.#lastDue);
    }
    this.#insert(packet, due);
    if (!this.#hits(duplicate)) return;
    this.counters.duplicated++;
    this.#insert(packet, due);
  }

  /** A chance that is not drawn when there is none, so that a clean link costs no random numbers. */
  #hits(percent: number): boolean {
    return percent > 0 && this.#random.next() * 100 < percent;
  }

  #insert(packet: Packet, due: Milli): void {
    let at = this.#flying.length;
    while (at > 0 && this.#flying[at - 1]!.due > due) at--;
    this.#flying.splice(at, 0, { packet, due });
  }
}
