import type { Milli } from '../../../time.ts';
import type { PacketOutcome } from '../../send/send-log.ts';
import type { Probe } from '../congestion.ts';

/** So much of a probe has to arrive. */
const RECEIVED_SHARE = 0.6;
/** Longer than this is no burst. */
const SPAN_LIMIT: Milli = 1000;
/** Arriving in less than this share of the time in which it left, it was held up and let go: that says nothing. */
const SPREAD_MINIMUM = 0.5;
/** Arriving in more than this share, it has filled the link. */
const SPREAD_SATURATED = 1.1;
/** What is used of a link that was filled. */
const SATURATED_SHARE = 0.95;
/** Probes whose feedback may still come. */
const KEPT = 8;

/** What a probe said. */
export interface ProbeResult {
  readonly probe: Probe;
  /** Bits a second that fit. */
  readonly rate: number;
  /** It filled the link: more does not fit. */
  readonly saturated: boolean;
}

interface Seen {
  readonly probe: Probe;
  packets: number;
  bytes: number;
  firstSent: PacketOutcome | undefined;
  lastSent: PacketOutcome | undefined;
  firstArrived: PacketOutcome | undefined;
  lastArrived: PacketOutcome | undefined;
}

/** Measures how fast each probe left and arrived. */
export class ProbeEstimator {
  readonly #seen = new Map<number, Seen>();

  /** This probe is on its way. */
  expect(probe: Probe): void {
    this.#seen.set(probe.id, {
      probe,
      packets: 0,
      bytes: 0,
      firstSent: undefined,
      lastSent: undefined,
      firstArrived: undefined,
      lastArrived: undefined,
    });
    for (const id of this.#seen.keys()) {
      if (this.#seen.size <= KEPT) break;
      this.#seen.delete(id);
    }
  }

  /** @returns the newest probe of which enough has arrived to say something, if one of `received` belongs to it */
  push(received: readonly PacketOutcome[]): ProbeResult | undefined {
    const touched = new Set<Seen>();
    for (const packet of received) {
      const seen = packet.probe === undefined ? undefined : this.#seen.get(packet.probe);
      if (seen === undefined) continue;
      count(seen, packet);
      touched.add(seen);
    }
    let result: ProbeResult | undefined;
    for (const seen of touched) result = judge(seen) ?? result;
    return result;
  }
}

function count(seen: Seen, packet: PacketOutcome): void {
  seen.packets++;
  seen.bytes += packet.size;
  const arrival = packet.arrivedAt ?? 0;
  if (packet.sentAt < (seen.firstSent?.sentAt ?? Infinity)) seen.firstSent = packet;
  if (packet.sentAt >= (seen.lastSent?.sentAt ?? -Infinity)) seen.lastSent = packet;
  if (arrival < (seen.firstArrived?.arrivedAt ?? Infinity)) seen.firstArrived = packet;
  if (arrival >= (seen.lastArrived?.arrivedAt ?? -Infinity)) seen.lastArrived = packet;
}

/** As libwebrtc's probe bitrate estimator, but that the spans are compared: of few packets the rates depend on their sizes. */
function judge({
  probe,
  packets,
  bytes,
  firstSent,
  lastSent,
  firstArrived,
  lastArrived,
}: Seen): ProbeResult | undefined {
  if (packets < probe.packets * RECEIVED_SHARE || bytes < probe.bytes * RECEIVED_SHARE) return undefined;
  if (!firstSent || !lastSent || !firstArrived || !lastArrived) return undefined;
  const sendSpan = lastSent.sentAt - firstSent.sentAt;
  const arrivalSpan = (lastArrived.arrivedAt ?? 0) - (firstArrived.arrivedAt ?? 0);
  if (sendSpan <= 0 || sendSpan > SPAN_LIMIT || arrivalSpan <= 0 || arrivalSpan > SPAN_LIMIT) return undefined;
  // A packet's sending time is that of its first byte, its arrival that of its last.
  const sendRate = ((bytes - lastSent.size) * 8000) / sendSpan;
  const arrivalRate = ((bytes - firstArrived.size) * 8000) / arrivalSpan;
  const spread = arrivalSpan / sendSpan;
  if (spread < SPREAD_MINIMUM) return undefined;
  const saturated = spread > SPREAD_SATURATED;
  return { probe, rate: saturated ? SATURATED_SHARE * arrivalRate : sendRate, saturated };
}
