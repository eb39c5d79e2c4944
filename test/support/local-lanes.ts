import { OnnxGraph } from '../../src/onnx/graph/onnx-graph.ts';
import { OnnxSession } from '../../src/onnx/session.ts';
import type { GatewayError } from '../../src/errors.ts';
import type {
  CropLane,
  CropLaneOptions,
  CropLanes,
  CropSource,
  SwappedPixels,
} from '../../src/swap/neural/crop-lane.ts';
import type { RecipeFace } from '../../src/swap/neural/recipe.ts';

const SIZE = 64;
/** What the network below is to a session: it takes the photo, aligned as the crops are. */
export const TINY: RecipeFace = {
  name: 'tiny',
  size: SIZE,
  template: 'arcface_128',
  source: { kind: 'image', size: SIZE, template: 'arcface_128' },
};
/** How much of a new face is the photo; the rest is the caller's. */
const PHOTO_SHARE = 0.9;
/** Pixels at the crop's edge in which the mask grows from 0 to 255. */
const RIM = 8;

/** A network that lays one aligned face over another: [1, 6, size, size], target and source, to [1, 3, size, size], all 0–255. */
function photoNetwork(size: number): Uint8Array {
  const graph = new OnnxGraph();
  const weights = [0, 1, 2].flatMap((out) =>
    [0, 1, 2, 3, 4, 5].map((from) => (from % 3 !== out ? 0 : from < 3 ? 1 - PHOTO_SHARE : PHOTO_SHARE)),
  );
  const input = graph.input('faces', [1, 6, size, size]);
  graph.output('face', graph.node('Conv', [input, graph.floats([3, 6, 1, 1], weights)]), [1, 3, size, size]);
  return graph.finish();
}

/** A frame's crops on their way, for a test to let go. */
export interface Held {
  readonly deadline: number;
  readonly crops: number;
  swap(): void;
  giveUp(): void;
}

/** Lanes to a network that runs in this process: what stands in for a broker in tests of sessions. */
export class LocalLanes implements CropLanes {
  readonly opened: CropLaneOptions[] = [];
  /** With this set, frames wait in `held` until the test lets them go. */
  holds = false;
  /** With this set, frames are given up. */
  fails = false;
  /** Why no lane is opened. */
  refusal: GatewayError | undefined;
  readonly held: Held[] = [];
  closed = 0;
  readonly #size: number;
  readonly #network: Promise<OnnxSession>;

  /** @param size of its crops, pixels each way */
  constructor(size = SIZE) {
    this.#size = size;
    this.#network = OnnxSession.open(photoNetwork(size));
  }

  async open(options: CropLaneOptions): Promise<CropLane> {
    await this.#network;
    if (this.refusal) throw this.refusal;
    this.opened.push(options);
    return {
      swap: (crops, { sources, deadline }) => this.#take(crops, sources, deadline),
      close: () => void this.closed++,
    };
  }

  close(): void {}

  async #take(
    crops: readonly Uint8Array[],
    sources: readonly CropSource[],
    deadline: number,
  ): Promise<readonly SwappedPixels[] | undefined> {
    const swapped = (): Promise<readonly SwappedPixels[]> =>
      Promise.all(crops.map((crop, k) => this.#swap(crop, sources[k]!)));
    if (this.fails) return undefined;
    if (!this.holds) return swapped();
    return new Promise((resolve) => {
      this.held.push({
        deadline,
        crops: crops.length,
        swap: () => void swapped().then(resolve),
        giveUp: () => resolve(undefined),
      });
    });
  }

  async #swap(crop: Uint8Array, { bytes }: CropSource): Promise<SwappedPixels> {
    const network = await this.#network;
    const size = this.#size;
    const pixels = size * size;
    return network.run(
      (input) => {
        for (let i = 0; i < pixels; i++) {
          for (let c = 0; c < 3; c++) {
            input[c * pixels + i] = crop[i * 3 + c]!;
            input[(c + 3) * pixels + i] = bytes[i * 3 + c]!;
          }
        }
      },
      ({ face }) => {
        const rgb = Uint8Array.from({ length: pixels * 3 }, (_, k) => face![(k % 3) * pixels + Math.floor(k / 3)]!);
        const mask = Uint8Array.from({ length: pixels }, (_, i) => {
          const [x, y] = [i % size, Math.floor(i / size)];
          return 255 * Math.min(1, Math.min(x, y, size - 1 - x, size - 1 - y) / RIM);
        });
        return { rgb, mask };
      },
    );
  }
}
