import type { SendCodec } from '../../media/chunk.ts';
import type { Milli } from '../../time.ts';

/** A step of the ladder: what the pictures that are sent are kept to. */
interface Rung {
  /** Rows of the picture, or columns where it stands upright: the shorter side, pixels. */
  readonly lines: number;
  /** Frames a second. */
  readonly frameRate: number;
}

/**
 * From all that comes in down to what a face can still be seen in. Size goes first: a talking head that moves smoothly in a
 * smaller picture is easier to follow than a sharp one in jerks. It ends at 360 lines at 15 frames, which the encoders still
 * hold at 120 kbit/s; 270 lines never looked better.
 */
const RUNGS: readonly Rung[] = [
  { lines: Infinity, frameRate: Infinity },
  { lines: 1080, frameRate: 30 },
  { lines: 720, frameRate: 30 },
  { lines: 540, frameRate: 30 },
  { lines: 360, frameRate: 30 },
  { lines: 360, frameRate: 20 },
  { lines: 360, frameRate: 15 },
];

/** Pixels a second of 720p30, for which `BITS_PER_PIXEL` is given. */
const REFERENCE = 1280 * 720 * 30;
/**
 * Bits for a pixel of 720p30 below which it is sent smaller. VP8: 0.9 Mbit/s for 720p30, where libwebrtc begins with that
 * size too, three times what this gateway's encoder cannot go below. The others by how their bits compare for the same
 * picture: x264 at its fastest pays in 540 lines up to 0.5 Mbit/s where VP8 does up to 0.33; VP9 needs a quarter less.
 */
const BITS_PER_PIXEL: Record<SendCodec, number> = { vp8: 0.033, h264: 0.046, vp9: 0.025 };
/** Bits grow by this power of the pixels a second: larger pictures are smoother, quicker ones change less a frame. */
const GROWTH = 0.75;

/** A rung higher up must have been affordable for so long: an estimate that recovers overshoots before it settles. */
const PATIENCE: Milli = 4000;
/** ... with so much to spare: the estimate swings, and falls to 0.85 of what it was when a queue builds up. */
const MARGIN = 1.25;
/** Time between two changes of size downwards: each costs a keyframe, and an estimate that falls does so in steps. */
const SIZE_REST: Milli = 1000;
/** Fewer pixels than this part of the input's, or scaling gains nothing. */
const WORTH_SCALING = 0.8;

/** What comes in. */
export interface LadderInput {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames a second. */
  readonly frameRate: number;
}

/** What is to be sent. */
export interface LadderStep {
  /** Pixels; never more than come in. Even, unless it is the input's own size. */
  readonly width: number;
  readonly height: number;
  /** Frames a second that are sent at most; `Infinity` if all are. */
  readonly frameRateLimit: number;
  /** Frames a second that this leaves of the input's. */
  readonly frameRate: number;
}

/**
 * Turns the bitrate that the way carries into the size and frame rate of what is sent. Down at once, up only after the rate
 * has been there for four seconds with a quarter to spare. Pure; call `step` for each frame that comes in.
 */
export class Ladder {
  readonly #codec: SendCodec;
  /** Bits a second. */
  bitrate: number;
  #rung: number | undefined;
  /** Since when each rung has been affordable with the margin. */
  readonly #affordable: (Milli | undefined)[] = [];
  #size: LadderStep | undefined;
  #shrunkAt: Milli = -Infinity;

  /** @param bitrate bits a second at the start */
  constructor(codec: SendCodec, bitrate: number) {
    this.#codec = codec;
    this.bitrate = bitrate;
  }

  step(input: LadderInput, now: Milli): LadderStep {
    const needs = RUNGS.map((rung) => bitrateFor(this.#codec, stepOf(rung, input)));
    const below = needs.findIndex((need) => this.bitrate >= need);
    const affordable = below < 0 ? RUNGS.length - 1 : below;
    const best = this.#affordableForLong(needs, now);
    const rung = this.#rung === undefined ? affordable : Math.max(affordable, Math.min(this.#rung, best));
    this.#rung = rung;
    return this.#settle(stepOf(RUNGS[rung]!, input), now);
  }

  /** The highest rung that has been affordable with the margin for as long as it takes. */
  #affordableForLong(needs: readonly number[], now: Milli): number {
    let best = RUNGS.length;
    for (let rung = RUNGS.length - 1; rung >= 0; rung--) {
      if (this.bitrate < needs[rung]! * MARGIN) this.#affordable[rung] = undefined;
      else if (now - (this.#affordable[rung] ??= now) >= PATIENCE) best = rung;
    }
    return best;
  }

  /** The frame rate follows at once; the size rests a while between two falls, as the encoder holds the rate by itself. */
  #settle(wanted: LadderStep, now: Milli): LadderStep {
    const last = this.#size;
    const smaller = last !== undefined && pixels(wanted) < pixels(last);
    if (smaller && now - this.#shrunkAt < SIZE_REST) return { ...wanted, width: last.width, height: last.height };
    if (smaller) this.#shrunkAt = now;
    this.#size = wanted;
    return wanted;
  }
}

/** Bits a second that this size and rate need. */
export function bitrateFor(codec: SendCodec, step: LadderStep): number {
  const rate = step.frameRate * pixels(step);
  return BITS_PER_PIXEL[codec] * REFERENCE * (rate / REFERENCE) ** GROWTH;
}

/** The input kept to a rung. */
function stepOf(rung: Rung, { width, height, frameRate }: LadderInput): LadderStep {
  const times = { frameRateLimit: rung.frameRate, frameRate: Math.min(rung.frameRate, frameRate) };
  const scale = rung.lines / Math.min(width, height);
  if (scale * scale > WORTH_SCALING) return { width, height, ...times };
  return { width: even(width * scale), height: even(height * scale), ...times };
}

function pixels({ width, height }: { readonly width: number; readonly height: number }): number {
  return width * height;
}

function even(side: number): number {
  return Math.max(2, 2 * Math.round(side / 2));
}
