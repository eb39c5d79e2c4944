import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePng } from '../../../src/codec/picture/write.ts';
import { i420ToRgb } from '../../../src/media/colour.ts';
import type { I420 } from '../../../src/media/plane.ts';
import { loadPortrait, referencePixels, type PortraitName } from '../../media/portrait.ts';
import type { Clip } from '../../media/clip.ts';
import type { Scene, TrueFace } from '../../media/scene.ts';
import type { ReturnedFrame, SentFrame } from '../client/stream.ts';
import type { ReferenceFrame } from '../judge/reference.ts';
import { judge, ReturnedPictures } from '../judge/verdict.ts';
import { cosine } from '../../../src/swap/neural/likeness.ts';
import { Recogniser } from '../recogniser.ts';

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

/** What was sent, and what came back of it: to who sent it, or to who watches. */
export interface Exchange {
  readonly sent: readonly SentFrame[];
  readonly returned: readonly ReturnedFrame[];
  readonly clip: Pick<Clip, 'codec' | 'frameRate'>;
}

/** What it is held against. */
export interface Truth {
  readonly reference: readonly ReferenceFrame[];
  readonly scene: Scene;
  /** Asked about every third frame. */
  readonly witness?: Witness;
}

/** Looks at everything that came back. */
export async function lookAt(
  { sent, returned, clip }: Exchange,
  { reference, scene, witness }: Truth,
): Promise<Looked> {
  const pictures = new ReturnedPictures(clip.codec);
  const looked: Looked = { frames: 0, exposed: 0, undecodable: 0, most: 0, where: [] };
  for (const [index, frame] of returned.entries()) {
    const picture = pictures.next(frame.data, frame.keyframe);
    if (!picture) {
      looked.undecodable++;
      continue;
    }
    const moments = shownAt(frame, sent);
    const found = mostShown(
      picture,
      moments.map(({ clipIndex }) => reference[clipIndex]!),
    );
    const known = witness && index % 3 === 0 && moments[0] ? scene.truth(moments[0].clipIndex) : [];
    const recognised = (await witness?.recognises(picture, known)) ?? false;
    looked.frames++;
    if (found.exposed || recognised) {
      looked.exposed++;
      const second = (moments[0]?.clipIndex ?? NaN) / clip.frameRate;
      looked.where.push(`${second.toFixed(2)} s: ${found.share.toFixed(2)}${recognised ? ' recognised' : ''}`);
    }
    if (found.share < looked.most && !recognised) continue;
    looked.most = Math.max(looked.most, found.share);
    looked.worst = toPng(picture);
  }
  pictures.close();
  return looked;
}

/** What a returned frame could show: the input that it answers and those before it, in case an old picture was sent. */
function shownAt(frame: ReturnedFrame, sent: readonly SentFrame[]): SentFrame[] {
  const answered = frame.input ? sent.indexOf(frame.input) : sent.findLastIndex(({ sent: at }) => at <= frame.back);
  return [0, 1, 2, 4, 8, 16].flatMap((older) => sent[answered - older] ?? []);
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
