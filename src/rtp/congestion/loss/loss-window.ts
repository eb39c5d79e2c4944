import type { Milli } from '../../../time.ts';
import type { PacketOutcome } from '../../send/send-log.ts';

/** Loss is counted over spans of at least so long and so many packets. */
const SPAN: Milli = 250;
const PACKETS = 20;
/** Spans remembered: 5 s at least. */
const KEPT = 20;

/** What became of the packets sent in one span. */
export interface LossSpan {
  readonly packets: number;
  readonly lost: number;
  /** Bits a second that were sent. */
  readonly rate: number;
}

interface OpenSpan {
  packets: number;
  lost: number;
  bytes: number;
  rate: number;
  readonly startedAt: Milli;
  /** Numbers of those that are lost so far. */
  readonly missing: Set<number>;
}

/** The last spans of what was sent, with their loss. A packet told of as lost that comes after all is taken back. */
export class LossWindow {
  readonly #spans: OpenSpan[] = [];
  #open: OpenSpan | undefined;
  /** Packets that some span misses: hardly ever any, and then nobody looks for one. */
  #missing = 0;

  /** Closed spans, oldest first. */
  get spans(): readonly LossSpan[] {
    return this.#spans;
  }

  /**
   * @param packets in sending order
   * @returns whether a span was closed
   */
  push(packets: readonly PacketOutcome[]): boolean {
    let closed = false;
    for (const packet of packets) {
      if (this.#isKnown(packet)) continue;
      if (this.#open && packet.sentAt - this.#open.startedAt >= SPAN && this.#open.packets >= PACKETS) {
        this.#close(this.#open, packet.sentAt);
        closed = true;
      }
      const span = (this.#open ??= newSpan(packet.sentAt));
      span.packets++;
      span.bytes += packet.size;
      if (packet.arrivedAt !== undefined) continue;
      span.lost++;
      span.missing.add(packet.position);
      this.#missing++;
    }
    return closed;
  }

  clear(): void {
    this.#spans.length = 0;
    this.#open = undefined;
    this.#missing = 0;
  }

  /** Was told of before as lost: counted already, and if it has come now, not lost any more. */
  #isKnown({ position, arrivedAt }: PacketOutcome): boolean {
    if (this.#missing === 0) return false;
    const span = [this.#open, ...this.#spans].find((one) => one?.missing.has(position));
    if (span === undefined) return false;
    if (arrivedAt !== undefined) {
      span.missing.delete(position);
      span.lost--;
      this.#missing--;
    }
    return true;
  }

  #close(span: OpenSpan, endedAt: Milli): void {
    span.rate = (span.bytes * 8000) / (endedAt - span.startedAt);
    this.#spans.push(span);
    if (this.#spans.length > KEPT) this.#missing -= this.#spans.shift()?.missing.size ?? 0;
    this.#open = undefined;
  }
}

function newSpan(startedAt: Milli): OpenSpan {
  return { packets: 0, lost: 0, bytes: 0, rate: 0, startedAt, missing: new Set() };
}
