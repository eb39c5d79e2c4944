import { createDecoder } from '../../../src/codec/decoder.ts';
import type { SendCodec } from '../../../src/codec/codec.ts';
import { WorkPicture } from '../../../src/codec/work-picture.ts';
import { labelBox } from '../../../src/media/label.ts';
import type { Box, I420 } from '../../../src/media/plane.ts';
import { psnr } from '../../media/psnr.ts';
import { cropLuma, shownShare } from './patch.ts';
import type { ReferenceFace, ReferenceFrame } from './reference.ts';

/** What a returned picture shows of the faces in it. */
export interface Verdict {
  /** The identity's face is there, as a swap on this machine made it. */
  readonly swapped: boolean;
  /** A caller's own face is there. */
  readonly exposed: boolean;
  /** Most of the caller's face that is there, 0–1 (`shownShare`). */
  readonly ownShare: number;
  /** How much of the locally swapped face is there. */
  readonly identityShare: number;
  /** Outside heads and label against what was sent, dB; where the reference kept the whole picture. */
  readonly background?: number;
}

/** Share of the locally swapped face from which a returned face is called the identity's. */
const IS_IDENTITY = 0.5;
/** A head reaches this far beyond the box of its face, in the box's size; swap and hiding may change all of it. */
const HEAD = 0.75;
/** Faces of which less than this can be seen are nobody's portrait. */
const LEAST_VISIBLE = 0.25;

/** Judges one returned picture against what went in. */
export function judge(picture: I420, { faces, picture: sent }: ReferenceFrame): Verdict {
  const seen = faces.filter(({ area }) => area.visible >= LEAST_VISIBLE);
  const own = seen.map((face) => shareOf(picture, face, face.raw));
  const ownShare = Math.max(0, ...own.filter((share) => !Number.isNaN(share)));
  const exposed = seen.some(({ limit }, i) => own[i]! >= limit);
  const [first] = seen;
  const identityShare = first?.swapped ? shareOf(picture, first, first.swapped) : 0;
  return {
    swapped: identityShare >= IS_IDENTITY && !exposed,
    exposed,
    ownShare,
    identityShare: Number.isNaN(identityShare) ? 0 : identityShare,
    ...(sent && {
      background: psnr(picture, sent, { without: [...faces.map(headBox), labelBox(sent.width, sent.height)] }),
    }),
  };
}

function shareOf(picture: I420, { area }: ReferenceFace, reference: Uint8Array): number {
  const fits = area.x + area.width <= picture.width && area.y + area.height <= picture.height;
  return fits ? shownShare(cropLuma(picture, area), reference, area) : 0;
}

function headBox({ area }: ReferenceFace): Box {
  const { x, y, width, height } = area;
  const [dx, dy] = [width * HEAD, height * HEAD];
  return { x: x - dx, y: y - dy, width: width + 2 * dx, height: height + 2 * dy };
}

/** Decodes access units in the order in which they came; `undefined` where one does not decode. */
export class ReturnedPictures {
  readonly #codec: SendCodec;
  readonly #decoder;
  readonly #work = new WorkPicture();

  constructor(codec: SendCodec) {
    this.#codec = codec;
    this.#decoder = createDecoder(codec);
  }

  /** Valid until the next call. */
  next(data: Uint8Array, keyframe: boolean): I420 | undefined {
    const chunk = { codec: this.#codec, data, keyframe, timestamp: 0, decodable: 0, referenced: true };
    if (this.#decoder.decode(chunk).kind !== 'picture') return undefined;
    this.#decoder.copyTo(this.#work);
    return this.#work.picture;
  }

  close(): void {
    this.#decoder.close();
    this.#work.close();
  }
}
