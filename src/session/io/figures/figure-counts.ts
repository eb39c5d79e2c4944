import type { SendCodec } from '../../../codec/codec.ts';
import type { VideoReceiveFigures } from '../../../rtp/receive/video-receiver.ts';
import { Drops } from '../../../schedule/drop.ts';
import type { Milli } from '../../../time.ts';
import type { Outcome, PixelFigures } from '../../pixel.ts';
import { STATIONS, type SessionFigures, type Station, type WayFigures } from '../../statistics.ts';
import { Latencies } from './latencies.ts';

/** What the RTP side has counted since the start, and how the way is. */
export interface LineFigures {
  readonly received: VideoReceiveFigures;
  /** Fraction of the caller's packets, 0–1, that was lost in the last second. */
  readonly lossIn: number;
  readonly roundTrip: Milli | undefined;
  /** The way back; `undefined` if there is none. */
  readonly sent: SentFigures | undefined;
}

/** The way back: counts since the start, and how it is. */
export interface SentFigures {
  readonly bytes: number;
  readonly resent: number;
  readonly playoutDelay: Milli;
  readonly estimate: number | undefined;
  readonly queue: Milli;
  /** Fraction of our packets, 0–1, that was lost since the last reading. */
  readonly loss: number;
}

/** Counts of both halves since the start, as they were at the last reading. */
interface Reading {
  readonly at: Milli;
  readonly chunks: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly resent: number;
  readonly drops: Record<string, number>;
  readonly held: number;
  readonly decoded: number;
  readonly gpu: Milli;
}

/** Makes the figures of each second out of counts that only grow. */
export class FigureCounts {
  readonly drops = new Drops();
  readonly #latencies = new Latencies();
  #outcomes: Record<Outcome, number> = newOutcomes();
  #pixel: PixelFigures | undefined;
  #before: Reading;

  constructor(now: Milli) {
    this.#before = { at: now, chunks: 0, bytesIn: 0, bytesOut: 0, resent: 0, drops: {}, held: 0, decoded: 0, gpu: 0 };
  }

  /** The pixel half's newest counts. */
  set pixel(figures: PixelFigures) {
    this.#pixel = figures;
  }

  /** A picture was handed out to be sent. */
  outcome(outcome: Outcome): void {
    this.#outcomes[outcome]++;
  }

  /** A frame has left, last packet in to last packet out. */
  latency(latency: Milli): void {
    this.#latencies.note(latency);
  }

  /** The figures since the last reading. */
  read(now: Milli, lines: LineFigures, codec: SendCodec): SessionFigures {
    const before = this.#before;
    const after = this.#reading(now, lines);
    const seconds = Math.max(0.001, (now - before.at) / 1000);
    const outcomes = this.#outcomes;
    const { p50, p99 } = this.#latencies.take();
    this.#before = after;
    this.#outcomes = newOutcomes();
    const sent = outcomes.swapped + outcomes.reused + outcomes.hidden + outcomes.clear;
    const frames = grown(before.decoded, after.decoded) / seconds;
    const stations: Partial<Record<Station, Milli>> = {};
    for (const station of STATIONS) {
      const mean = this.#pixel?.stations[station];
      if (mean !== undefined) stations[station] = mean * frames;
    }
    return {
      fpsIn: grown(before.chunks, after.chunks) / seconds,
      fpsOut: sent / seconds,
      width: this.#pixel?.width ?? 0,
      height: this.#pixel?.height ?? 0,
      latencyP50: p50,
      latencyP99: p99,
      drops: grownRecord(before.drops, after.drops),
      ...outcomes,
      held: grown(before.held, after.held),
      bitrateIn: (grown(before.bytesIn, after.bytesIn) * 8) / seconds,
      bitrateOut: (grown(before.bytesOut, after.bytesOut) * 8) / seconds,
      roundTrip: lines.roundTrip ?? null,
      ...this.#way(lines, grown(before.resent, after.resent)),
      codec,
      faces: this.#pixel?.faces ?? 0,
      level: this.#pixel?.level ?? 0,
      gpu: grown(before.gpu, after.gpu),
      busy: Object.values(stations).reduce((sum, duration) => sum + duration, 0),
      stations,
      worked: this.#pixel?.worked ?? 0,
    };
  }

  #way({ sent, lossIn }: LineFigures, resent: number): WayFigures {
    return {
      estimate: sent?.estimate ?? null,
      queue: sent?.queue ?? 0,
      playoutDelay: sent?.playoutDelay ?? 0,
      resent,
      lossOut: sent?.loss ?? 0,
      lossIn,
      sentWidth: this.#pixel?.sentWidth ?? 0,
      sentHeight: this.#pixel?.sentHeight ?? 0,
      frameRateLimit: this.#pixel?.frameRateLimit ?? null,
    };
  }

  #reading(now: Milli, { received, sent }: LineFigures): Reading {
    const drops: Record<string, number> = { ...this.#pixel?.drops };
    const add = (key: string, count: number): void => {
      drops[key] = (drops[key] ?? 0) + count;
    };
    for (const [reason, count] of Object.entries(received.drops)) add(`receive:${reason}`, count);
    for (const [key, count] of Object.entries(this.drops.toRecord())) add(key, count);
    return {
      at: now,
      chunks: received.chunks,
      bytesIn: received.bytes,
      bytesOut: sent?.bytes ?? 0,
      resent: sent?.resent ?? 0,
      drops,
      held: this.#pixel?.held ?? 0,
      decoded: this.#pixel?.decoded ?? 0,
      gpu: this.#pixel?.gpu ?? 0,
    };
  }
}

function newOutcomes(): Record<Outcome, number> {
  return { swapped: 0, reused: 0, hidden: 0, clear: 0 };
}

/** A count that began anew is all growth. */
function grown(before: number, after: number): number {
  return after >= before ? after - before : after;
}

/** Only what grew. */
function grownRecord(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  const growth: Record<string, number> = {};
  for (const [key, count] of Object.entries(after)) {
    const by = grown(before[key] ?? 0, count);
    if (by > 0) growth[key] = by;
  }
  return growth;
}
