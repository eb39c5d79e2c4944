import type { Milli } from '../../src/time.ts';
import type { PacketRecord } from '../relay/link.ts';

/** Figures are taken over so long. */
export const SPAN: Milli = 100;
/** Rates are judged over so long: pictures differ in size. */
const JUDGED: Milli = 1000;

/** What was seen in 100 ms. */
export interface SpanFigures {
  /** Its end. */
  readonly at: Milli;
  /** Longest wait before the link of a packet that came to it in this time. */
  readonly queue: Milli;
  /** By flow, bits a second: the estimate at its end, and what arrived in it. */
  readonly estimate: readonly number[];
  readonly arrived: readonly number[];
}

/** Longest wait of the packets that came to a link in each span. @param from when the first span began */
export function waitsBySpan(records: readonly PacketRecord[], from: Milli = 0): Milli[] {
  const waits: Milli[] = [];
  for (const { at, wait } of records) {
    const span = Math.max(0, Math.ceil((at - from) / SPAN) - 1);
    waits[span] = Math.max(waits[span] ?? 0, wait ?? 0);
  }
  return waits;
}

/** The spans that lie in a time. */
export function between(spans: readonly SpanFigures[], from: Milli, to: Milli = Infinity): SpanFigures[] {
  return spans.filter(({ at }) => at > from && at <= to);
}

/** Mean rate at which a flow's packets arrived, bits a second; of all flows together if none is named. */
export function meanArrived(spans: readonly SpanFigures[], flow?: number): number {
  const rates = spans.map(({ arrived }) =>
    flow === undefined ? arrived.reduce((sum, each) => sum + each, 0) : (arrived[flow] ?? 0),
  );
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

/** How long after `from` a second began in which `rate` bits a second arrived on average; `Infinity` if none did. */
export function reachedAfter(spans: readonly SpanFigures[], rate: number, from: Milli): Milli {
  for (const { at } of between(spans, from)) {
    const second = between(spans, at - SPAN, at - SPAN + JUDGED);
    if (second.length < JUDGED / SPAN) break;
    if (meanArrived(second) >= rate) return at - SPAN - from;
  }
  return Infinity;
}

/** The smaller flow's share of what two flows got together, 0–0.5. */
export function fairness(spans: readonly SpanFigures[]): number {
  const rates = [0, 1].map((flow) => meanArrived(spans, flow));
  return Math.min(...rates) / rates.reduce((sum, rate) => sum + rate, 0);
}
