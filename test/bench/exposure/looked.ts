import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePng } from '../../../src/codec/picture/write.ts';
import { i420ToRgb } from '../../../src/media/colour.ts';
import type { I420 } from '../../../src/media/plane.ts';
import { loadPortrait, referencePixels, type PortraitName } from '../../media/portrait.ts';
import type { TrueFace } from '../../media/scene.ts';
import type { ReferenceFrame } from '../judge/reference.ts';
import { judge } from '../judge/verdict.ts';
import { cosine, Recogniser } from '../recogniser.ts';

/** What was seen in the frames of a call. */
export interface Looked {
  /** Returned frames that were decoded. */
  frames: number;
  /** Of these: a true face of the scene is recognisably there. */
  exposed: number;
  undecodable: number;
  /** The most of a true face that was found in any frame, 0–1. */
  most: number;
  /** Second of the clip, share and witness of every exposed frame. */
  readonly where: string[];
  /** The picture in which most was found, as PNG. */
  worst?: Uint8Array;
}

/** The most of any true face that `picture` shows, held against several moments of the scene. */
export function mostShown(
  picture: I420,
  moments: readonly ReferenceFrame[],
): { readonly share: number; readonly exposed: boolean } {
  let [share, exposed] = [0, false];
  for (const moment of moments) {
    const verdict = judge(picture, { faces: moment.faces });
    share = Math.max(share, verdict.ownShare);
    exposed ||= verdict.exposed;
  }
  return { share, exposed };
}

/** A picture as PNG. */
export function toPng(picture: I420): Uint8Array {
  return writePng(i420ToRgb(picture));
}

/** Writes the worst picture of a scenario where GUISE_BENCH_PICTURES names a folder. */
export function keepWorst(name: string, picture: Uint8Array | undefined): void {
  const folder = process.env['GUISE_BENCH_PICTURES'];
  if (!folder || !picture) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.png`), picture);
}

/**
 * From this cosine to the portrait on a face is the person's. On the talking clip the caller's own face has 0.93 and more,
 * a swapped one 0.48 at most (with the recogniser that was at hand: MobileFaceNet, 192 numbers).
 */
const RECOGNISED = 0.65;
/** A recogniser is asked about faces that look into the camera, within these degrees: of others it knows little. */
const FRONTAL = 35;

/** A second opinion, where GUISE_RECOGNISER names a network. */
export class Witness {
  readonly #recogniser: Recogniser;
  readonly #known: ReadonlyMap<PortraitName, Float32Array>;

  private constructor(recogniser: Recogniser, known: ReadonlyMap<PortraitName, Float32Array>) {
    this.#recogniser = recogniser;
    this.#known = known;
  }

  static async open(): Promise<Witness | undefined> {
    const recogniser = await Recogniser.fromEnvironment();
    if (!recogniser) return undefined;
    const known = new Map<PortraitName, Float32Array>();
    for (const name of ['astronaut', 'hopper'] as const) {
      known.set(name, await recogniser.embed(referencePixels(name), loadPortrait(name).landmarks));
    }
    return new Witness(recogniser, known);
  }

  /** True if one of the scene's people is recognised where they truly are. */
  async recognises(picture: I420, faces: readonly TrueFace[]): Promise<boolean> {
    for (const { portrait, landmarks, box, state } of faces) {
      const inside =
        box.x >= 0 && box.y >= 0 && box.x + box.width <= picture.width && box.y + box.height <= picture.height;
      if (!inside || Math.abs(state.yaw) > FRONTAL) continue;
      const seen = await this.#recogniser.embed(picture, landmarks);
      if (cosine(seen, this.#known.get(portrait)!) >= RECOGNISED) return true;
    }
    return false;
  }

  async close(): Promise<void> {
    await this.#recogniser.close();
  }
}
