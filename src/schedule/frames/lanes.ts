import type { Milli } from '../../time.ts';
import type { LaneOptions } from '../scheduler-options.ts';

/** No lane, or no frame in it. */
export const NOTHING = -1;
/** How far a lane's account may run, frames: what happened long ago is no claim on the GPU now. */
const MOST_OWED = 5;

/** Numbers that every decision looks at: of a lane they lie side by side, in one line of the processor's cache. */
const WIDTH = 8;
const [RECIPE, TIER, GPU, ACCOUNT, OWED, FRAME, CROPS, DEADLINE] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** The lanes of all sessions, by number: what they were opened for, the frame that waits, and what they are owed. */
export class Lanes {
  /** Lanes that can be open at a time. */
  readonly most: number;
  readonly #of: Float64Array;
  readonly tenant: Int32Array;
  /** Load that it was opened with: crops a second. */
  readonly rate: Float64Array;
  /** What it adds to the load of its GPU. */
  readonly load: Float64Array;
  readonly #free: Int32Array;
  #left: number;

  constructor(most: number) {
    this.most = most;
    this.#of = new Float64Array(most * WIDTH).fill(NOTHING);
    this.tenant = new Int32Array(most);
    this.rate = new Float64Array(most);
    this.load = new Float64Array(most);
    this.#free = Int32Array.from({ length: most }, (_, i) => most - 1 - i);
    this.#left = most;
  }

  isOpen(lane: number): boolean {
    return (this.#of[lane * WIDTH + RECIPE] ?? NOTHING) !== NOTHING;
  }

  /** @throws RangeError if there is none left */
  open({ recipe, tier, tenant, frameRate, faces, cropsEach = 1, beside }: LaneOptions, gpu: number): number {
    if (this.#left === 0) throw new RangeError('there must be a free lane');
    const lane = this.#free[--this.#left]!;
    this.tenant[lane] = tenant;
    this.rate[lane] = frameRate * faces * cropsEach;
    const at = lane * WIDTH;
    this.#of[at + RECIPE] = recipe;
    this.#of[at + TIER] = tier;
    this.#of[at + GPU] = gpu;
    this.#of[at + ACCOUNT] = beside ?? lane;
    if (beside === undefined) this.#of[at + OWED] = 0;
    return lane;
  }

  close(lane: number): void {
    this.#of[lane * WIDTH + RECIPE] = NOTHING;
    this.#free[this.#left++] = lane;
  }

  recipe(lane: number): number {
    return this.#of[lane * WIDTH + RECIPE]!;
  }

  tier(lane: number): number {
    return this.#of[lane * WIDTH + TIER]!;
  }

  gpu(lane: number): number {
    return this.#of[lane * WIDTH + GPU]!;
  }

  /** The waiting frame, `NOTHING` if none waits. */
  frame(lane: number): number {
    return this.#of[lane * WIDTH + FRAME]!;
  }

  /** Of the waiting frame. */
  crops(lane: number): number {
    return this.#of[lane * WIDTH + CROPS]!;
  }

  /** Of the waiting frame. */
  deadline(lane: number): Milli {
    return this.#of[lane * WIDTH + DEADLINE]!;
  }

  choose(lane: number, recipe: number): void {
    this.#of[lane * WIDTH + RECIPE] = recipe;
  }

  place(lane: number, gpu: number): void {
    this.#of[lane * WIDTH + GPU] = gpu;
  }

  wait(lane: number, frame: number, { crops, deadline }: { crops: number; deadline: Milli }): void {
    const at = lane * WIDTH;
    this.#of[at + FRAME] = frame;
    this.#of[at + CROPS] = crops;
    this.#of[at + DEADLINE] = deadline;
  }

  empty(lane: number): void {
    this.#of[lane * WIDTH + FRAME] = NOTHING;
  }

  /** Frames that it should have had by its tier's share, less those that it had; with the lane that it was opened beside. */
  owes(lane: number): number {
    return this.#of[this.#account(lane) + OWED]!;
  }

  owe(lane: number, frames: number): void {
    const at = this.#account(lane) + OWED;
    this.#of[at] = Math.max(-MOST_OWED, Math.min(MOST_OWED, this.#of[at]! + frames));
  }

  /** Whose account it uses: its own, or that of the lane it was opened beside. */
  #account(lane: number): number {
    return this.#of[lane * WIDTH + ACCOUNT]! * WIDTH;
  }
}
