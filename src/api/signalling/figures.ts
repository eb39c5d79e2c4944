import type { SessionFigures } from '../../worker/wire/protocol.ts';
import type { Statistics } from '../messages.ts';

/** What a session's owner is told of its figures, rounded to what can be read. */
export function toStatistics(figures: SessionFigures): Statistics {
  const { width, height, drops, swapped, hidden, held, codec, faces, roundTrip, estimate } = figures;
  const { resent, sentWidth, sentHeight, frameRateLimit, reused, level } = figures;
  return {
    fpsIn: round(figures.fpsIn),
    fpsOut: round(figures.fpsOut),
    width,
    height,
    latencyP50: round(figures.latencyP50),
    latencyP99: round(figures.latencyP99),
    drops,
    swapped,
    hidden,
    reused,
    held,
    bitrateIn: Math.round(figures.bitrateIn),
    bitrateOut: Math.round(figures.bitrateOut),
    roundTrip: roundTrip === null ? null : round(roundTrip),
    estimate: estimate === null ? null : Math.round(estimate),
    queue: round(figures.queue),
    playoutDelay: round(figures.playoutDelay),
    resent,
    lossOut: roundFraction(figures.lossOut),
    lossIn: roundFraction(figures.lossIn),
    sentWidth,
    sentHeight,
    frameRateLimit,
    codec,
    faces,
    level,
    gpu: round(figures.gpu),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function roundFraction(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
