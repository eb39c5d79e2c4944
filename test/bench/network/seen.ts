import type { Milli } from '../../../src/time.ts';
import type { Sample } from './page-script.ts';

/** What a browser saw of a call over a span of time, by its own statistics. */
export interface Seen {
  /** Frames decoded a second. */
  readonly fps: number;
  /** Freezes that ended in it, and the share of it that they took, 0–1. */
  readonly freezes: number;
  readonly frozen: number;
  /** The longest of them, ms; 0 if there was none. */
  readonly longestFreezeMs: number;
  /** What a frame waited in the jitter buffer on average, ms. */
  readonly jitterBufferMs: number;
  /** Bits a second that came, and that the camera's side sent. */
  readonly received: number;
  readonly sent: number;
  /** Frames a second that the camera's side encoded. */
  readonly encodedFps: number;
  readonly keyframesWanted: number;
}

/** Sums up the samples from one instant to another. NaN where there are none. */
export function seen(samples: readonly Sample[], from: Milli, to: Milli): Seen {
  const within = samples.filter(({ at }) => at >= from && at <= to);
  const [first, last] = [within[0], within.at(-1)];
  if (!first || !last || first === last) throw new Error('there must be samples of the span');
  const seconds = (last.at - first.at) / 1000;
  const gained = (key: keyof Sample): number => last[key] - first[key];
  return {
    fps: gained('framesDecoded') / seconds,
    freezes: gained('freezes'),
    frozen: gained('frozen') / seconds,
    longestFreezeMs: longestFreeze(within),
    jitterBufferMs: (gained('waited') / gained('emitted')) * 1000,
    received: (gained('bytesReceived') * 8) / seconds,
    sent: (gained('bytesSent') * 8) / seconds,
    encodedFps: gained('framesEncoded') / seconds,
    keyframesWanted: gained('keyframesWanted'),
  };
}

/** A freeze is counted when it is over, so it stands whole between two samples. */
function longestFreeze(samples: readonly Sample[]): Milli {
  let longest = 0;
  samples.forEach((sample, index) => {
    const before = samples[index - 1];
    if (!before || sample.freezes === before.freezes) return;
    longest = Math.max(longest, (sample.frozen - before.frozen) / (sample.freezes - before.freezes));
  });
  return longest * 1000;
}

/** How long after `from` the picture moves again: until so many frames more than at `from` were decoded. NaN if never. */
export function untilFrames(samples: readonly Sample[], from: Milli, frames: number): Milli {
  const before = samples.findLast(({ at }) => at <= from)?.framesDecoded ?? 0;
  return (samples.find(({ at, framesDecoded }) => at > from && framesDecoded >= before + frames)?.at ?? NaN) - from;
}

/** The longest time between two samples of a span that show a new frame; the time until now counts if none came. */
export function longestPause(samples: readonly Sample[], from: Milli, to: Milli): Milli {
  let [longest, last, decoded] = [0, from, -1];
  for (const { at, framesDecoded } of samples) {
    if (at < from || at > to || framesDecoded === decoded) continue;
    if (decoded >= 0) longest = Math.max(longest, at - last);
    [last, decoded] = [at, framesDecoded];
  }
  return Math.max(longest, to - last);
}
