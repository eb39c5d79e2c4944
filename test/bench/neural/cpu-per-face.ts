import { blendCrop } from '../../../src/swap/composite/blend.ts';
import { createLight, measureLight } from '../../../src/swap/composite/light.ts';
import type { CropLane } from '../../../src/swap/neural/crop-lane.ts';
import { PLAIN_MASK } from '../../../src/swap/neural/mask/face-mask.ts';
import { NeuralSwap } from '../../../src/swap/neural/neural-swap.ts';
import type { SwappedCrop } from '../../../src/swap/swap.ts';
import { monotonic, type Milli } from '../../../src/time.ts';
import { boxMask } from '../../../src/swap/neural/mask/box-mask.ts';
import { sceneOf } from '../../media/clip.ts';
import { embeddingSource } from '../../support/swap-recipes.ts';

const SIZE = 128;
const ROUNDS = 400;
/** The compiler has seen enough of them by then. */
const WARM_UP = 100;
const FRAMES = [0, 60, 120, 180, 240];

/** What a pixel thread does for a face of a frame beside tracking, decoding and encoding; each round's milliseconds. */
export interface FaceTimes {
  /** Aligning and cutting. */
  readonly cut: Milli[];
  /** Laying the new face and its mask under the picture. */
  readonly paste: Milli[];
  /** Measuring the light and blending by the mask. */
  readonly blend: Milli[];
  readonly whole: Milli[];
}

/** Frames of 640×480 with a lane that gives a grey face at once. */
export async function measureFaceTimes(): Promise<FaceTimes> {
  const pixels = [{ rgb: new Uint8Array(3 * SIZE * SIZE).fill(128), mask: boxMask(SIZE) }];
  const lane: CropLane = { swap: () => Promise.resolve(pixels), close: () => undefined };
  const source = { kind: 'image', size: 64, template: 'arcface_128' } as const;
  const swap = new NeuralSwap({ name: 'bench', size: SIZE, template: 'arcface_128', source }, lane);
  const scene = sceneOf({ script: 'talk', width: 640, height: 480 });
  const frames = FRAMES.map((index) => {
    const { picture, faces } = scene.draw(index);
    const [y, u, v] = [picture.y.slice(), picture.u.slice(), picture.v.slice()];
    return { picture: { ...picture, y, u, v }, faces: [{ id: 1, landmarks: faces[0]!.landmarks }] };
  });
  const light = createLight();
  const options = { sources: [embeddingSource(1)], deadline: Infinity };
  const times: FaceTimes = { cut: [], paste: [], blend: [], whole: [] };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const { picture, faces } = frames[(round + WARM_UP) % frames.length]!;
    const begun = monotonic.now();
    const flight = swap.send(picture, faces, options)!;
    const cut = monotonic.now();
    const [crop] = swap.paste(picture, flight, { pixels, keep: false, looks: [PLAIN_MASK] }) as [SwappedCrop];
    const pasted = monotonic.now();
    measureLight(picture, crop, 'skin', light);
    blendCrop(picture, crop, light, 1);
    const blended = monotonic.now();
    swap.release(flight);
    if (round % 20 === 0) await flight.swapped;
    if (round < 0) continue;
    times.cut.push(cut - begun);
    times.paste.push(pasted - cut);
    times.blend.push(blended - pasted);
    times.whole.push(blended - begun);
  }
  swap.close();
  return times;
}
