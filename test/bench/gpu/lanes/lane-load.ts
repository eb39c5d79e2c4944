import { createLog } from '../../../../src/log.ts';
import type { CropLane } from '../../../../src/swap/neural/crop-lane.ts';
import { monotonic, type Milli } from '../../../../src/time.ts';
import { BrokerClient } from '../../../../src/worker/broker-client/broker-client.ts';
import { Random } from '../../../media/random.ts';
import { embeddingSource, noiseCrop } from '../../../support/swap-recipes.ts';

const FRAME_RATE = 30;
const INTERVAL: Milli = 1000 / FRAME_RATE;
/** Lanes of one connection, as a pixel thread has them. */
const LANES_EACH = 4;

/** One frame that was offered. */
export interface Offered {
  readonly lane: number;
  readonly at: Milli;
  /** It came back swapped by its deadline. */
  readonly inTime: boolean;
  /** How long it was away. */
  readonly took: Milli;
}

export interface LaneLoadOptions {
  /** Unix socket of the broker. */
  readonly socket: string;
  readonly recipe: string;
  readonly lanes: number;
  /** Time that a frame has, from being offered to being back. */
  readonly budget: Milli;
  readonly seed: number;
}

/** Lanes that offer a face 30 times a second each, at instants of their own, as the pixel threads of a gateway do. */
export class LaneLoad {
  readonly offered: Offered[] = [];
  readonly #options: LaneLoadOptions;
  readonly #clients: readonly BrokerClient[];
  readonly #lanes: readonly CropLane[];
  #timer: NodeJS.Timeout | undefined;

  static async open(options: LaneLoadOptions): Promise<LaneLoad> {
    const log = createLog('bench');
    const clients = Array.from(
      { length: Math.ceil(options.lanes / LANES_EACH) },
      () => new BrokerClient(options.socket, { log }),
    );
    const lane = { recipe: options.recipe, tier: '', tenant: '', frameRate: FRAME_RATE, faces: 1 };
    const lanes = await Promise.all(
      Array.from({ length: options.lanes }, (_, index) => clients[Math.floor(index / LANES_EACH)]!.open(lane)),
    );
    return new LaneLoad(options, clients, lanes);
  }

  private constructor(options: LaneLoadOptions, clients: readonly BrokerClient[], lanes: readonly CropLane[]) {
    this.#options = options;
    this.#clients = clients;
    this.#lanes = lanes;
  }

  start(): void {
    const crops = this.#lanes.map((_, index) => [noiseCrop(index)]);
    const sources = this.#lanes.map((_, index) => [embeddingSource(index)]);
    const random = new Random(this.#options.seed);
    const begun = monotonic.now();
    const due = this.#lanes.map(() => begun + random.between(0, INTERVAL));
    this.#timer = setInterval(() => {
      const now = monotonic.now();
      for (const [lane, at] of due.entries()) {
        if (at > now) continue;
        // What a stall of this process has missed is not made up for, and each lane keeps its phase.
        due[lane] = at + Math.ceil((now - at) / INTERVAL) * INTERVAL;
        void this.#offer(lane, crops[lane]!, sources[lane]!);
      }
    }, 1);
  }

  /** Frames on their way are given up. */
  close(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close();
  }

  /** Those offered within [from, to). */
  between(from: Milli, to: Milli): Offered[] {
    return this.offered.filter(({ at }) => at >= from && at < to);
  }

  async #offer(lane: number, crops: Uint8Array[], sources: Parameters<CropLane['swap']>[1]['sources']): Promise<void> {
    const at = monotonic.now();
    const deadline = at + this.#options.budget;
    const faces = await this.#lanes[lane]!.swap(crops, { sources, deadline });
    const back = monotonic.now();
    this.offered.push({ lane, at, inTime: faces !== undefined && back <= deadline, took: back - at });
  }
}
