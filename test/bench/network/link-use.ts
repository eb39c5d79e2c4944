import type { Milli } from '../../../src/time.ts';
import type { PacketRecord } from '../../relay/link.ts';
import { quantile } from '../quantile.ts';

/** Bits a second that were sent into a link in a span, what was dropped there too. */
export function offered(records: readonly PacketRecord[], from: Milli, to: Milli): number {
  return bitsIn(records, from, to, () => true) / ((to - from) / 1000);
}

/** Bits a second that a link carried in a span: what left its bottleneck then. */
export function carried(records: readonly PacketRecord[], from: Milli, to: Milli, flow?: number): number {
  let bits = 0;
  for (const { at, size, wait, flow: of } of records) {
    if (wait === undefined || (flow !== undefined && of !== flow)) continue;
    if (at + wait >= from && at + wait < to) bits += size * 8;
  }
  return bits / ((to - from) / 1000);
}

/** How long packets that came in a span stood before the bottleneck, ms. */
export function queued(records: readonly PacketRecord[], from: Milli, to: Milli): { p50: Milli; p95: Milli } {
  const waits = records.filter(({ at, wait }) => at >= from && at < to && wait !== undefined).map(({ wait }) => wait!);
  return { p50: quantile(waits, 0.5), p95: quantile(waits, 0.95) };
}

/**
 * How long after `from` the rate that is sent crosses a threshold for good: the first window of that length whose rate,
 * and that of the next, is below (or above) it. NaN if that never comes until `to`.
 */
export function settled(
  records: readonly PacketRecord[],
  { from, to, window }: { readonly from: Milli; readonly to: Milli; readonly window: Milli },
  good: (bitsPerSecond: number) => boolean,
): Milli {
  for (let at = from; at + 2 * window <= to; at += window / 5) {
    if (good(offered(records, at, at + window)) && good(offered(records, at + window, at + 2 * window)))
      return at - from;
  }
  return NaN;
}

function bitsIn(
  records: readonly PacketRecord[],
  from: Milli,
  to: Milli,
  counts: (record: PacketRecord) => boolean,
): number {
  let bits = 0;
  for (const record of records) if (record.at >= from && record.at < to && counts(record)) bits += record.size * 8;
  return bits;
}
