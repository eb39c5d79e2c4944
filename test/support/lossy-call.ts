/** A video line over an impaired link, on a clock of its own: both ends as they are, nothing in between but `Link`. */
import type { Chunk } from '../../src/media/chunk.ts';
import type { Received } from '../../src/rtp/receive/video-receiver.ts';
import type { RtcpPacket } from '../../src/rtp/rtcp/rtcp-packet.ts';
import type { Milli } from '../../src/time.ts';
import { EXTENSION_URI } from '../../src/rtp/packet/extension.ts';
import { Random } from '../media/random.ts';
import type { Impairment } from '../relay/impairment.ts';
import { Link } from '../relay/link.ts';
import { picture, receiver, seconds, sender } from './rtp-ends.ts';

/** Reports are sent this often. */
const REPORT_INTERVAL: Milli = 1000;
/** A chunk that comes later than this is not counted as in time: what a conversation bears. */
const IN_TIME: Milli = 400;

export interface LossyCall {
  readonly seed: number;
  /** Both ways. */
  readonly impairment: Partial<Impairment>;
  readonly frames: number;
  /** Default true. */
  readonly rtx?: boolean;
  /** Mean bits a second; frames vary by half, keyframes are five times as large. Default 2,000,000. */
  readonly bitrate?: number;
  /** What changes on both ways when a frame is sent. */
  readonly change?: (index: number) => Partial<Impairment> | undefined;
}

/** A chunk that came out. */
export interface Arrival {
  readonly chunk: Chunk;
  /** Which of the pictures that went in it is; `undefined` if none. */
  readonly index: number | undefined;
  readonly sentAt: Milli;
  readonly at: Milli;
  /** What the sender asked the receiver to hold it back when it was sent. */
  readonly playoutDelay: Milli;
}

export interface LossyOutcome {
  readonly arrivals: readonly Arrival[];
  readonly sent: { readonly packets: number; readonly resent: number };
  readonly received: ReturnType<typeof receiver>['figures'];
}

interface Sent {
  readonly index: number;
  readonly sentAt: Milli;
  readonly playoutDelay: Milli;
}

/** Plays a whole call. */
export function playLossyCall(call: LossyCall): LossyOutcome {
  const { seed, impairment, frames, rtx = true, bitrate = 2_000_000 } = call;
  const random = new Random(seed);
  const extensions = new Map([[EXTENSION_URI.playoutDelay, 6]]);
  const from = sender({ seed: seed * 0x0123_4567, rtx, extensions });
  const to = receiver();
  const there = new Link<{ data: Uint8Array } | { rtcp: RtcpPacket }>(seed + 1, impairment);
  const back = new Link<RtcpPacket>(seed + 2, impairment);
  const sent = new Map<string, Sent>();
  const arrivals: Arrival[] = [];
  let wanted = true;
  const react = ({ chunks, feedback }: Received, now: Milli): void => {
    for (const packet of feedback) back.push(packet, 80, 0, now);
    for (const chunk of chunks) {
      const { index, sentAt, playoutDelay } = sent.get(key(chunk.data)) ?? {
        index: undefined,
        sentAt: 0,
        playoutDelay: 0,
      };
      arrivals.push({ chunk, index, sentAt, at: now, playoutDelay });
    }
  };
  const sendFrame = (index: number, now: Milli): void => {
    const changed = call.change?.(index);
    if (changed) for (const link of [there, back]) link.set(changed);
    const size = (bitrate / 8 / 30) * (0.5 + random.next()) * (wanted ? 5 : 1);
    const chunk = picture(index, Math.round(size), wanted);
    wanted = false;
    for (const { data } of from.send(chunk, now)) there.push({ data }, data.length, 0, now);
    sent.set(key(chunk.data), { index, sentAt: now, playoutDelay: from.figures.playoutDelay });
  };
  const report = (now: Milli): void => {
    const rtcp = from.report(now);
    if (rtcp) there.push({ rtcp }, 80, 0, now);
    const block = to.report(now);
    if (block) back.push({ type: 'receiver-report', ssrc: 1, reports: [block] }, 80, 0, now);
  };
  for (let now = 0, index = 0; now < seconds(frames) + 1000; now++) {
    if (index < frames && now >= seconds(index)) sendFrame(index++, now);
    if (now % REPORT_INTERVAL === REPORT_INTERVAL - 1) report(now);
    for (const packet of there.take(now)) {
      if ('data' in packet) react(to.push(packet.data, now), now);
      else to.onRtcp(packet.rtcp, now);
    }
    if (now >= to.nextAt) react(to.poll(now), now);
    if (from.roundTrip !== undefined) to.roundTrip = from.roundTrip;
    for (const packet of back.take(now)) {
      const { resend, keyframe } = from.onRtcp(packet, now);
      wanted ||= keyframe;
      for (const { data } of resend) there.push({ data }, data.length, 0, now);
    }
  }
  return { arrivals, sent: from.figures, received: to.figures };
}

/** What of a call its viewer would see, if the receiver holds pictures back as it is asked to. */
export interface Seen {
  /** Frames a second that came within 400 ms of being sent. */
  readonly fps: number;
  /** Frames a second that did not come in a bunch with the next one, within 10 ms: of a bunch only the newest is worked on. */
  readonly fpsApart: number;
  /** Share of the time in which the picture stood still, by the browser's rule: longer than 3 frames, or one and 150 ms. */
  readonly frozen: number;
  /** From sending to coming out, milliseconds. */
  readonly waitP50: Milli;
  readonly waitP95: Milli;
  readonly playoutDelay: Milli;
  /** Packets resent for each that was sent. */
  readonly resent: number;
  readonly keyframeRequests: number;
}

/** @param skip frames at the beginning that do not count: while the ends learn the link */
export function seen({ arrivals, sent, received }: LossyOutcome, frames: number, skip = 90): Seen {
  const counted = arrivals.filter(({ index }) => (index ?? 0) >= skip);
  const waits = counted.map(({ at, sentAt }) => at - sentAt).sort((a, b) => a - b);
  const shown = counted.map(({ at, sentAt, playoutDelay }) => Math.max(at, sentAt + (waits[0] ?? 0) + playoutDelay));
  let frozen = 0;
  for (let index = 1; index < shown.length; index++) {
    const gap = (shown[index] ?? 0) - (shown[index - 1] ?? 0);
    if (gap > Math.max(100, 33.3 + 150)) frozen += gap;
  }
  const span = (frames - skip) / 30;
  return {
    fps: waits.filter((wait) => wait <= IN_TIME).length / span,
    fpsApart: counted.filter(({ at }, index) => (counted[index + 1]?.at ?? Infinity) - at > 10).length / span,
    frozen: frozen / (span * 1000),
    waitP50: waits[Math.floor(waits.length * 0.5)] ?? 0,
    waitP95: waits[Math.floor(waits.length * 0.95)] ?? 0,
    playoutDelay: Math.max(0, ...counted.map(({ playoutDelay }) => playoutDelay)),
    resent: sent.resent / Math.max(1, sent.packets),
    keyframeRequests: received.keyframeRequests,
  };
}

function key(data: Uint8Array): string {
  return Buffer.from(data).toString('latin1');
}
