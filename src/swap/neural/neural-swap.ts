import type { I420 } from '../../media/plane.ts';
import { CropBuffer } from '../crop-buffer.ts';
import type { SwappedCrop } from '../swap.ts';
import { Cutter } from './align/cutter.ts';
import { fivePoints, POINTS } from './align/five-points.ts';
import { Paster } from './align/paster.ts';
import { fitSimilarity, from, invert, scaleOf, type Similarity } from './align/similarity.ts';
import { templatePoints } from './align/templates.ts';
import { BoostChoice } from './boost/boost-choice.ts';
import { BoostedLane } from './boost/boosted-lane.ts';
import type { CropLane, SwappedPixels } from './crop-lane.ts';
import { SpacedEnhancer, type WornFace } from './enhance/spaced-enhancer.ts';
import { FaceMask, type MaskLook } from './mask/face-mask.ts';
import { createFaceShape, placeShape, type FaceShape } from './mask/face-shape.ts';
import { SteadyMasks } from './mask/steady-masks.ts';
import type { RecipeFace } from './recipe.ts';

/** Frames that may be away at once: at 30 a second, what comes back within 100 ms costs no frame. */
export const MOST_FLIGHTS = 3;

/** A face that is to be swapped. */
export interface FaceAt {
  readonly id: number;
  /** 478 × (x, y, z) pixels of the picture. */
  readonly landmarks: Float32Array;
}

/** The faces of one frame, on their way or waiting for those of the frame before. */
export interface Flight {
  /** New faces, `undefined` where the frame was given up. Never rejects. */
  readonly swapped: Promise<readonly SwappedPixels[] | undefined>;
  /** Nothing was sent: it wears what the frame before it wears. */
  readonly reposed: boolean;
}

/** A flight with its buffers, used again for later frames. */
class Seat implements Flight {
  swapped: Promise<readonly SwappedPixels[] | undefined> = Promise.resolve(undefined);
  reposed = false;
  readonly crops: Uint8Array[] = [];
  /** Crop to picture, of each face. */
  readonly places: Similarity[] = [];
  readonly ids: number[] = [];
  /** Those that are on their way, with what is put on them. */
  worn: readonly WornFace[] = [];
  readonly shapes: FaceShape[] = [];
}

/** The swaps of one session by a network: cuts aligned crops, has them swapped elsewhere, pastes what comes back. */
export class NeuralSwap {
  readonly #lane: CropLane;
  readonly #size: number;
  /** By how many times as fine as the network's its crops are. */
  readonly #cutters = new Map<number, Cutter>();
  readonly #boosts: BoostChoice;
  readonly #mostCrops: number;
  /** By the side of the new faces, pixels: that of the crops, or more where they are enhanced. */
  readonly #pasters = new Map<number, Paster>();
  readonly #template: Float32Array;
  readonly #points = new Float32Array(2 * POINTS);
  readonly #free = Array.from({ length: MOST_FLIGHTS }, () => new Seat());
  readonly #buffers: CropBuffer[] = [];
  /** Copies of the newest new face of each face that `repose` may want. */
  readonly #worn = new Map<number, SwappedPixels>();
  /** By their side. */
  readonly #masks = new Map<number, FaceMask>();
  /** Of a recipe whose networks lower masks. */
  readonly #steady: SteadyMasks | undefined;
  readonly #enhancer = new SpacedEnhancer();

  constructor({ size, template, boost = 1, mostCrops = Infinity, masks }: RecipeFace, lane: CropLane) {
    this.#lane = new BoostedLane(lane, size);
    this.#size = size;
    this.#boosts = new BoostChoice(boost);
    this.#mostCrops = mostCrops;
    if (masks) this.#steady = new SteadyMasks();
    this.#template = templatePoints(template, size);
  }

  /**
   * Cuts these faces out and sends them on their way. `undefined` if too many frames are away, or a face cannot be aligned.
   * @param options `coarse`: no face is cut more finely than the network takes it; `enhanceEvery`: the enhancer, if any of it is taken,
   * runs on one frame of so many
   */
  send(
    picture: I420,
    faces: readonly FaceAt[],
    {
      coarse = false,
      enhanceEvery = 1,
      ...options
    }: Parameters<CropLane['swap']>[1] & {
      readonly coarse?: boolean;
      readonly enhanceEvery?: number;
    },
  ): Flight | undefined {
    const seat = this.#board(faces);
    if (seat === undefined) return undefined;
    const scales = seat.places.map((place, index) => ({ id: seat.ids[index]!, scale: scaleOf(place) }));
    const boosts = this.#boosts.choose(scales, { most: coarse ? 1 : Infinity, crops: this.#mostCrops });
    const crops = seat.places.map((place, index) => this.#cut(picture, place, seat, { index, boost: boosts[index]! }));
    seat.reposed = false;
    const worn = seat.ids.map((id, index) => ({ id, source: options.sources[index]!.hash }));
    const enhance = this.#enhancer.next(worn, { amount: options.enhance ?? 0, every: enhanceEvery });
    seat.worn = worn;
    seat.swapped = this.#lane.swap(crops, { ...options, enhance }).then((made) => {
      this.#enhancer.learn(worn, enhance, made);
      return made;
    });
    return seat;
  }

  /**
   * Lets these faces wear what they wore last, without a network. `undefined` if one of them wore nothing yet.
   * @param after the flight before, whose faces are waited for
   */
  repose(faces: readonly FaceAt[], after: Flight | undefined): Flight | undefined {
    if (after === undefined && !faces.every(({ id }) => this.#worn.has(id))) return undefined;
    const seat = this.#board(faces);
    if (seat === undefined) return undefined;
    seat.reposed = true;
    seat.swapped = (after?.swapped ?? Promise.resolve()).then(() => []);
    return seat;
  }

  /**
   * Lays new faces where theirs were cut out. They lie in buffers of this object, valid until the next `paste`.
   * @param keep they are wanted for `repose`
   * @param looks how the mask of each is wanted
   */
  paste(
    picture: I420,
    flight: Flight,
    {
      pixels,
      keep,
      looks,
    }: { readonly pixels: readonly SwappedPixels[]; readonly keep: boolean; readonly looks: readonly MaskLook[] },
  ): readonly (SwappedCrop | undefined)[] {
    const { places, ids, worn, shapes, reposed } = flight as Seat;
    this.#steady?.keep(ids);
    for (const id of this.#worn.keys()) if (!keep || !ids.includes(id)) this.#worn.delete(id);
    return places.map((place, index) => {
      const made = reposed ? this.#worn.get(ids[index]!) : pixels[index];
      if (made === undefined) return undefined;
      const face = reposed ? made : this.#enhancer.carry(worn[index]!, made);
      if (keep && !reposed) this.#keep(ids[index]!, face);
      const buffer = (this.#buffers[index] ??= new CropBuffer());
      const given = this.#steady?.follow(ids[index]!, face.mask) ?? face.mask;
      const mask = this.#shaped(given, shapes[index]!, looks[index]!);
      return this.#lay(picture, place, { rgb: face.rgb, mask }, buffer) ? buffer : undefined;
    });
  }

  /** A flight that has come back is over: its buffers are free for another frame. */
  release(flight: Flight): void {
    this.#free.push(flight as Seat);
  }

  /** Idempotent. */
  close(): void {
    this.#lane.close();
    this.#worn.clear();
  }

  /** A free seat with where these faces lie; none if one of them lies nowhere. */
  #board(faces: readonly FaceAt[]): Seat | undefined {
    const seat = this.#free.at(-1);
    if (seat === undefined) return undefined;
    seat.places.length = 0;
    seat.ids.length = 0;
    for (const [index, { id, landmarks }] of faces.entries()) {
      const toCrop = fitSimilarity(fivePoints(landmarks, this.#points), this.#template);
      if (toCrop === undefined) return undefined;
      seat.places.push(invert(toCrop));
      seat.ids.push(id);
      placeShape(landmarks, toCrop, (seat.shapes[index] ??= createFaceShape()));
    }
    this.#free.pop();
    return seat;
  }

  #cut(
    picture: I420,
    place: Similarity,
    { crops }: Seat,
    { index, boost }: { readonly index: number; readonly boost: number },
  ): Uint8Array {
    const side = this.#size * boost;
    const bytes = side ** 2 * 3;
    const kept = crops[index];
    const crop = kept?.length === bytes ? kept : (crops[index] = new Uint8Array(bytes));
    let cutter = this.#cutters.get(boost);
    if (cutter === undefined) this.#cutters.set(boost, (cutter = new Cutter(side)));
    cutter.cut(picture, from(place, 0, 0, 1 / boost), crop);
    return crop;
  }

  /** Under strictness only what networks say is doubted: the box alone shows nothing of the face. */
  #shaped(mask: Uint8Array, shape: FaceShape, look: MaskLook): Uint8Array {
    const side = Math.sqrt(mask.length);
    let shaping = this.#masks.get(side);
    if (shaping === undefined) this.#masks.set(side, (shaping = new FaceMask(side)));
    const strict = look.strict && this.#steady !== undefined;
    return shaping.shape(mask, shape, { size: this.#size, look: { ...look, strict } });
  }

  #lay(picture: I420, place: Similarity, face: SwappedPixels, buffer: CropBuffer): boolean {
    const side = Math.sqrt(face.mask.length);
    let paster = this.#pasters.get(side);
    if (paster === undefined) this.#pasters.set(side, (paster = new Paster(side)));
    return paster.paste(picture, from(place, 0, 0, this.#size / side), face, buffer);
  }

  #keep(id: number, { rgb, mask }: SwappedPixels): void {
    let worn = this.#worn.get(id);
    if (worn?.mask.length !== mask.length) this.#worn.set(id, (worn = { rgb: rgb.slice(), mask: mask.slice() }));
    else {
      worn.rgb.set(rgb);
      worn.mask.set(mask);
    }
  }
}
