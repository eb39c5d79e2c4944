import { drawLabel, labelBox } from '../../../src/media/label.ts';
import type { Box, I420 } from '../../../src/media/plane.ts';
import { blendCrop } from '../../../src/swap/composite/blend.ts';
import { createLight } from '../../../src/swap/composite/light.ts';
import { fivePoints } from '../../../src/swap/neural/align/five-points.ts';
import { templatePoints } from '../../../src/swap/neural/align/templates.ts';
import { PLAIN_MASK } from '../../../src/swap/neural/mask/face-mask.ts';
import { NeuralSwap } from '../../../src/swap/neural/neural-swap.ts';
import type { SwappedCrop } from '../../../src/swap/swap.ts';
import { boxMask } from '../../../src/swap/neural/mask/box-mask.ts';
import type { NetworkName } from '../../gpu/networks/networks.ts';
import { sceneOf, type ClipSettings } from '../../media/clip.ts';
import { EngineLanes } from '../../support/engine-lanes.ts';
import { embeddingSource, swapRecipe } from '../../support/swap-recipes.ts';
import { fitWarp, pasteByFloats, type Pasted } from './float-warp.ts';
import { shiftBetween } from './shift.ts';

const TEMPLATE = 'arcface_128';
/** The new face's share from which a sample is inside the mask, and in its core. */
const INSIDE = 0.5;
const CORE = 0.998;

/** Which frames of a generated clip go through which network. */
export interface ChainOrder {
  readonly network: NetworkName;
  readonly clip: ClipSettings;
  readonly frames: readonly number[];
  /** Side of its crops, pixels; default 128. */
  readonly size?: number;
}

/** What came of these frames. */
export interface ChainFigures {
  /** Inside the mask, all three planes: against the reference in float64, and against the frame itself. dB, 99 for the same bits. */
  readonly psnrDb: number;
  readonly framePsnrDb: number;
  /** Largest deviation of a plane in the mask's core, of all frames; steps of 255. */
  readonly coreDeviation: number;
  /** Most of all frames that the face lies beside the caller's, pixels of luma; says something of a network that leaves it as it is. */
  readonly shiftPx: number;
  /** Every sample outside the face's box and the mark's has its bits. */
  readonly outsideExact: boolean;
}

/**
 * Cuts the true face of each frame out, has a network of the engine swap it, lays it back and marks the picture, with the product's
 * own parts and without matching colours; and the same by `pasteByFloats`, as if the network gave what it got.
 */
export async function measureChain({ network, clip, frames, size = 128 }: ChainOrder): Promise<ChainFigures> {
  const lanes = await EngineLanes.open(swapRecipe(network, { size }));
  const source = { kind: 'image', size: 64, template: TEMPLATE } as const;
  const swap = new NeuralSwap({ name: network, size, template: TEMPLATE, source }, await lanes.open());
  const [against, frame] = [new SquaredError(), new SquaredError()];
  const scene = sceneOf(clip);
  let [coreDeviation, shiftPx, outsideExact] = [0, 0, true];
  for (const index of frames) {
    const { picture, faces } = scene.draw(index);
    const { landmarks } = faces[0]!;
    const toCrop = fitWarp(fivePoints(landmarks), templatePoints(TEMPLATE, size));
    const wanted = pasteByFloats(picture, toCrop, size, boxMask(size));
    const after = copyOf(picture);
    const box = await swapInto(after, swap, landmarks);
    outsideExact &&= sameOutside(picture, after, [box, labelBox(picture.width, picture.height)]);
    leaveLabelOut(wanted);
    against.add(after, wanted.picture, wanted);
    frame.add(after, picture, wanted);
    shiftPx = Math.max(shiftPx, shiftBetween(picture, after, wanted.lumaShare));
    coreDeviation = Math.max(coreDeviation, ...coreDeviations(after, wanted));
  }
  swap.close();
  lanes.close();
  return { psnrDb: against.psnrDb, framePsnrDb: frame.psnrDb, coreDeviation, shiftPx, outsideExact };
}

/** The product's way, with the light as it is. Gives the box that may be written. */
async function swapInto(picture: I420, swap: NeuralSwap, landmarks: Float32Array): Promise<Box> {
  const flight = swap.send(picture, [{ id: 1, landmarks }], { sources: [embeddingSource(1)], deadline: Infinity })!;
  const pixels = (await flight.swapped)!;
  const [crop] = swap.paste(picture, flight, { pixels, keep: false, looks: [PLAIN_MASK] }) as [SwappedCrop];
  const { x, y, width, height } = crop;
  blendCrop(picture, crop, createLight(), 1);
  drawLabel(picture);
  swap.release(flight);
  return { x, y, width, height };
}

const copyOf = (picture: I420): I420 => ({
  ...picture,
  y: picture.y.slice(),
  u: picture.u.slice(),
  v: picture.v.slice(),
});

/** What lies under the mark says nothing about the face. */
function leaveLabelOut({ picture, lumaShare, chromaShare }: Pasted): void {
  const { x, y, width, height } = labelBox(picture.width, picture.height);
  for (let row = y; row < y + height; row++)
    lumaShare.fill(0, row * picture.strideY + x, row * picture.strideY + x + width);
  for (let row = y >> 1; row < (y + height) >> 1; row++)
    chromaShare.fill(0, row * picture.strideUv + (x >> 1), row * picture.strideUv + ((x + width) >> 1));
}

/** The planes of two pictures of the same layout, with the new face's share of each sample. */
function pairsOf(a: I420, b: I420, { lumaShare, chromaShare }: Pasted) {
  return [
    { one: a.y, other: b.y, share: lumaShare },
    { one: a.u, other: b.u, share: chromaShare },
    { one: a.v, other: b.v, share: chromaShare },
  ];
}

/** Of all samples inside the mask, of all planes and frames. */
class SquaredError {
  #sum = 0;
  #count = 0;

  add(a: I420, b: I420, pasted: Pasted): void {
    for (const { one, other, share } of pairsOf(a, b, pasted)) {
      for (let k = 0; k < one.length; k++) {
        if (share[k]! < INSIDE) continue;
        this.#sum += (one[k]! - other[k]!) ** 2;
        this.#count++;
      }
    }
  }

  get psnrDb(): number {
    if (this.#count === 0) return NaN;
    return this.#sum === 0 ? 99 : 10 * Math.log10((255 ** 2 * this.#count) / this.#sum);
  }
}

/** Standard deviation of each plane where nothing of the caller may be seen. */
function coreDeviations(after: I420, pasted: Pasted): number[] {
  return pairsOf(after, after, pasted).map(({ one, share }) => {
    const core = Float64Array.from(one.filter((_, k) => share[k]! >= CORE));
    const mean = core.reduce((sum, value) => sum + value, 0) / core.length;
    return Math.sqrt(core.reduce((sum, value) => sum + (value - mean) ** 2, 0) / core.length);
  });
}

/** Whether all samples outside these boxes, which lie on even numbers, are the same. */
function sameOutside(a: I420, b: I420, boxes: readonly Box[]): boolean {
  const same = (one: Uint8Array, other: Uint8Array, stride: number, unit: number): boolean =>
    one.every((value, k) => {
      const [x, y] = [(k % stride) * unit, Math.floor(k / stride) * unit];
      return (
        value === other[k] ||
        boxes.some((box) => x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height)
      );
    });
  return same(a.y, b.y, a.strideY, 1) && same(a.u, b.u, a.strideUv, 2) && same(a.v, b.v, a.strideUv, 2);
}
