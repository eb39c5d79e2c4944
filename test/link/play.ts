import { wireSize, type OutgoingPacket } from '../../src/rtp/packet/outgoing-packet.ts';
import type { Milli } from '../../src/time.ts';
import { Random } from '../media/random.ts';
import type { Impairment } from '../relay/impairment.ts';
import { Link } from '../relay/link.ts';
import { SPAN, waitsBySpan, type SpanFigures } from './figures.ts';
import { Flow, type FlowOptions } from './flow.ts';

/** Virtual time goes in steps of this, as timers do; what happens on the link has its exact time. */
const STEP: Milli = 1;
/** What feedback grows by until it is on the wire, bytes. */
const FEEDBACK_OVERHEAD = 44;
const CROSS_PACKET = 1200;
const CROSS = -1;

/** What happens to two links, there and back, and who uses them. */
export interface Script {
  readonly seed: number;
  readonly duration: Milli;
  readonly forward: Partial<Impairment>;
  readonly back: Partial<Impairment>;
  readonly flows: readonly Partial<FlowOptions>[];
  /** Somebody who sends steadily over the same link, whatever that does to others; bits a second. */
  readonly cross?: { readonly rate: number; readonly from: Milli; readonly to: Milli };
  /** Changes of the links, by time. */
  readonly changes?: readonly {
    readonly at: Milli;
    readonly forward?: Partial<Impairment>;
    readonly back?: Partial<Impairment>;
  }[];
}

type Passing = { readonly flow: number; readonly packet?: OutgoingPacket; readonly rtcp?: Uint8Array };

/** Plays a script from beginning to end in virtual time. The same script gives the same figures. */
export function play(script: Script): SpanFigures[] {
  const random = new Random(script.seed);
  const flows = script.flows.map((options) => new Flow(options, random));
  const forward = new Link<Passing>(script.seed * 2 + 1, script.forward);
  const back = new Link<Passing>(script.seed * 2 + 2, script.back);
  const bytes = flows.map(() => 0);
  const arrived: number[][] = [];
  const estimates: number[][] = [];
  const changes = [...(script.changes ?? [])];
  let crossBytes = 0;
  for (let now: Milli = STEP; now <= script.duration; now += STEP) {
    passAll(forward, now, ({ flow, packet }, at) => {
      if (!packet) return;
      bytes[flow] = (bytes[flow] ?? 0) + wireSize(packet);
      flows[flow]?.onPacket(packet.data, at);
    });
    passAll(back, now, ({ flow, rtcp }) => rtcp && flows[flow]?.onFeedback(rtcp, now));
    for (let next = changes[0]; next && next.at <= now; next = changes[0]) {
      changes.shift();
      forward.set(next.forward ?? {});
      back.set(next.back ?? {});
    }
    const { cross } = script;
    if (cross && now >= cross.from && now < cross.to) crossBytes += (cross.rate * STEP) / 8000;
    for (; crossBytes >= CROSS_PACKET; crossBytes -= CROSS_PACKET) {
      forward.push({ flow: CROSS }, CROSS_PACKET, CROSS, now);
    }
    flows.forEach((flow, index) => {
      for (const packet of flow.send(now)) forward.push({ flow: index, packet }, wireSize(packet), index, now);
      for (const rtcp of flow.feedback(now)) {
        back.push({ flow: index, rtcp }, rtcp.length + FEEDBACK_OVERHEAD, index, now);
      }
    });
    if (now % SPAN !== 0) continue;
    arrived.push(bytes.map((each) => (each * 8000) / SPAN));
    estimates.push(flows.map(({ estimate }) => estimate));
    bytes.fill(0);
  }
  const queues = waitsBySpan(forward.records);
  return arrived.map((each, index) => ({
    at: (index + 1) * SPAN,
    queue: queues[index] ?? 0,
    estimate: estimates[index] ?? [],
    arrived: each,
  }));
}

function passAll(link: Link<Passing>, until: Milli, pass: (passing: Passing, at: Milli) => void): void {
  for (let at = link.nextAt; at <= until; at = link.nextAt) for (const passing of link.take(at)) pass(passing, at);
}
