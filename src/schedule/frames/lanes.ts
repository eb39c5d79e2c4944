import type { Milli } from '../../time.ts';
import type { LaneOptions } from '../scheduler-options.ts';

/** No lane, or no frame in it. */
export const NOTHING = -1;
/** How far a lane's account may run, frames: what happened long ago is no claim on the GPU now. */
const MOST_OWED = 5;

/** The lanes of all sessions, by number: what they were opened for, the frame that waits, and what they are owed. */
export class Lanes {
  readonly recipe: Int32Array;
  readonly tier: Int32Array;
  readonly tenant: Int32Array;
  readonly gpu: Int32Array;
  /** The waiting frame, `NOTHING` if none waits. */
  readonly frame: Float64Array;
  readonly crops: Int32Array;
  readonly deadline: Float64Array;
  /** Load that it was opened with: crops a second. */
  readonly rate: Float64Array;
  /** What it adds to the load of its GPU. */
  readonly load: Float64Array;
  /** Whose account it uses: its own, or that of the lane it was opened beside. */
  readonly account: Int32Array;
  /** By account: frames that it should have had by its tier's share, less those that it had. */
  readonly owed: Float64Array;
  readonly #free: Int32Array;
  #left: number;

  constructor(most: number) {
    this.recipe = new Int32Array(most).fill(NOTHING);
    this.tier = new Int32Array(most);
    this.tenant = new Int32Array(most);
    this.gpu = new Int32Array(most);
    this.frame = new Float64Array(most).fill(NOTHING);
    this.crops = new Int32Array(most);
    this.deadline = new Float64Array(most);
    this.rate = new Float64Array(most);
    this.load = new Float64Array(most);
    this.account = new Int32Array(most);
    this.owed = new Float64Array(most);
    this.#free = Int32Array.from({ length: most }, (_, i) => most - 1 - i);
    this.#left = most;
  }

  isOpen(lane: number): boolean {
    return (this.recipe[lane] ?? NOTHING) !== NOTHING;
  }

  /** @throws RangeError if there is none left */
  open({ recipe, tier, tenant, frameRate, faces, cropsEach = 1, beside }: LaneOptions, gpu: number): number {
    if (this.#left === 0) throw new RangeError('there must be a free lane');
    const lane = this.#free[--this.#left]!;
    this.recipe[lane] = recipe;
    this.tier[lane] = tier;
    this.tenant[lane] = tenant;
    this.gpu[lane] = gpu;
    this.rate[lane] = frameRate * faces * cropsEach;
    this.account[lane] = beside ?? lane;
    if (beside === undefined) this.owed[lane] = 0;
    return lane;
  }

  close(lane: number): void {
    this.recipe[lane] = NOTHING;
    this.#free[this.#left++] = lane;
  }

  wait(lane: number, frame: number, { crops, deadline }: { crops: number; deadline: Milli }): void {
    this.frame[lane] = frame;
    this.crops[lane] = crops;
    this.deadline[lane] = deadline;
  }

  owes(lane: number): number {
    return this.owed[this.account[lane]!]!;
  }

  owe(lane: number, frames: number): void {
    const account = this.account[lane]!;
    this.owed[account] = Math.max(-MOST_OWED, Math.min(MOST_OWED, this.owed[account]! + frames));
  }
}
