import type { NetworkNeed } from './gpu-room.ts';
import type { FrameCost, SessionFigures, SessionSettings } from '../../wire/protocol.ts';
import type { Milli } from '../../../time.ts';

/** Processor time of a frame, as media workers measure it (session/pixel/warm-up.ts), on a core of 2.x GHz. */
const USUAL: FrameCost = { vp8: 7.9, h264: 6 };
/** VP9 takes two to three times the encoding time of VP8, which is two fifths of a frame. */
const VP9_FACTOR = 1.6;
/** Cost by the longest side against 640: the face costs the same in all, the codecs grow with the pixels. */
const SIZES: readonly (readonly [side: number, factor: number])[] = [
  [320, 0.65],
  [640, 1],
  [960, 1.3],
  [1280, 1.57],
  [1920, 3.2],
];
/** What each face more or less changes: its mesh, swap and composition. */
const FACE_FACTOR = 0.4;
/** Transport, feedback, reports beside the frames. */
const TRANSPORT_FACTOR = 1.1;
/** Frames a second that a sender is expected to send. */
const EXPECTED_RATE = 30;
/** How fast what is learned follows: about the last ten seconds of one session. */
const LEARNING = 0.1;
/** How fast the cost of a session follows: about its last five seconds. */
const FOLLOWING = 0.2;
/** How far what is seen may be from what was expected, so that one odd second refuses nobody. */
const SEEN_RANGE = [0.25, 4] as const;
/** A session may yet send as much as it has asked for, so it is never taken for cheaper than half of that. */
const LEAST_SHARE = 0.5;
/** Below so many frames a second the rest of a session weighs more than its frames, and teaches nothing about them. */
const LEAST_RATE = 5;

/** What a session's frames are like, as far as it decides their cost. */
export interface FrameKind {
  /** Longest side, pixels. */
  readonly side: number;
  readonly codec: SessionFigures['codec'];
  /** Faces that are swapped. */
  readonly faces: number;
}

/**
 * What frames cost on this machine, by size, codec and faces: at first what media workers measured as they warmed up, then
 * what sessions were seen to take. A kind that was not seen yet is corrected as the others were. Pure.
 */
export class CostTable {
  #frame: FrameCost = USUAL;
  /** Seen ÷ expected, by kind and of all. */
  readonly #corrections = new Map<string, number>();
  #correction = 1;

  /** What a media worker has measured. What was learned before stays, as it was learned against the same machine. */
  calibrate(measured: FrameCost): void {
    if (this.#corrections.size === 0) this.#frame = measured;
  }

  /** Processor time of one frame, ms. */
  frame(kind: FrameKind): Milli {
    return this.#prior(kind) * (this.#corrections.get(keyOf(kind)) ?? this.#correction);
  }

  /** @param cost processor time of one such frame, ms */
  learn(kind: FrameKind, cost: Milli): void {
    const seen = clamp(cost / this.#prior(kind), ...SEEN_RANGE);
    const before = this.#corrections.get(keyOf(kind)) ?? this.#correction;
    this.#corrections.set(keyOf(kind), before + LEARNING * (seen - before));
    this.#correction += LEARNING * (seen - this.#correction);
  }

  #prior({ side, codec, faces }: FrameKind): Milli {
    const base = codec === 'vp9' ? this.#frame.vp8 * VP9_FACTOR : this.#frame[codec];
    return base * factorOf(side) * (1 + FACE_FACTOR * (faces - 1)) * TRANSPORT_FACTOR;
  }
}

/** What one session costs, in cores: first what it may cost by its settings, then what is seen. */
export class SessionCost {
  readonly #table: CostTable;
  readonly #asked: FrameKind;
  #networks: NetworkNeed | undefined;
  #cores: number;

  constructor(table: CostTable, settings: SessionSettings) {
    const { maximumSide, codec = 'vp8', faces } = settings;
    this.#table = table;
    this.#asked = { side: maximumSide, codec, faces };
    this.#cores = this.#expected;
    this.configure(settings);
  }

  /** What it asks of swap networks; `undefined` if nothing. */
  get networks(): NetworkNeed | undefined {
    return this.#networks;
  }

  /** Its look was changed. */
  configure({ swap, enhance, enhanceEvery }: SessionSettings): void {
    const { faces } = this.#asked;
    const enhanced = enhance > 0 ? 1 / enhanceEvery : 0;
    this.#networks =
      swap === 'mesh' || faces === 0 ? undefined : { recipe: swap, faces: faces * EXPECTED_RATE, enhanced };
  }

  get cores(): number {
    return this.#cores;
  }

  /**
   * Takes a second's figures in.
   * @param share processor time of its media worker by the time its pixel threads were at work, see `CpuShare`
   */
  learn({ busy, fpsIn, width, height, codec, faces }: SessionFigures, share: number): void {
    if (fpsIn < LEAST_RATE || busy <= 0 || width === 0) return;
    const taken = busy * share;
    const kind = { side: Math.max(width, height), codec, faces: Math.min(faces, this.#asked.faces) };
    this.#table.learn(kind, taken / fpsIn);
    const cores = Math.max(taken / 1000, LEAST_SHARE * this.#expected);
    this.#cores += FOLLOWING * (cores - this.#cores);
  }

  get #expected(): number {
    return (this.#table.frame(this.#asked) * EXPECTED_RATE) / 1000;
  }
}

/**
 * Processor time of a media worker ÷ the time that its pixel threads were at work. Time at work grows where threads wait for
 * each other, processor time does not; and it holds what is done beside the frames. Follows slowly. Pure.
 */
export class CpuShare {
  #value = 1;

  get value(): number {
    return this.#value;
  }

  /** @param cpu processor time of the last second, ms. @param worked time at work in it, ms, of all sessions */
  observe(cpu: Milli, worked: Milli): void {
    // Of a worker with hardly anything to do it says little.
    if (worked < 100) return;
    this.#value += LEARNING * (clamp(cpu / worked, ...SEEN_RANGE) - this.#value);
  }
}

/** Between the sizes that were measured, straight lines. */
function factorOf(side: number): number {
  const above = SIZES.findIndex(([of]) => side <= of);
  if (above === 0) return SIZES[0]![1];
  const [from, low] = SIZES[(above < 0 ? SIZES.length : above) - 1]!;
  const [to, high] = SIZES[above < 0 ? SIZES.length - 1 : above]!;
  return to === from ? high : low + ((high - low) * (side - from)) / (to - from);
}

/** Kinds of like cost: by the sizes above. */
function keyOf({ side, codec, faces }: FrameKind): string {
  const size = SIZES.find(([of]) => side <= of)?.[0] ?? 'larger';
  return `${size} ${codec} ${faces}`;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
