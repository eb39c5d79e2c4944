import { readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { readPicture } from '../../codec/picture/read.ts';
import { writeJpeg, writePng } from '../../codec/picture/write.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import { GatewayError } from '../../errors.ts';
import { i420ToRgb, rgbToI420 } from '../../media/colour.ts';
import type { I420, Rgb } from '../../media/plane.ts';
import type { Outcome } from '../../session/pixel.ts';
import type { FaceSwapper } from './face-swapper.ts';
import type { OutputFile } from './output.ts';

/** Bytes of the largest picture that the command line reads. */
const MAXIMUM_BYTES = 100 * 1024 * 1024;

const WRITERS: Readonly<Record<string, (rgb: Rgb) => Uint8Array>> = {
  '.png': writePng,
  '.jpg': writeJpeg,
  '.jpeg': writeJpeg,
};

/** Endings whose files are pictures, so that a damaged one is judged as such. */
const PICTURE_ENDINGS = ['.jpg', '.jpeg', '.png', '.webp', '.gif'];

/** True if a file is named like a picture. */
export function isPictureEnding(path: string): boolean {
  return PICTURE_ENDINGS.includes(extname(path).toLowerCase());
}

/** How a picture is written to a file of that ending. @throws GatewayError file_unwritable */
export function pictureWriter(path: string): (rgb: Rgb) => Uint8Array {
  const writer = WRITERS[extname(path).toLowerCase()];
  if (writer) return writer;
  throw new GatewayError('file_unwritable', `a picture is written as .png or .jpg; name the output so [file:${path}]`);
}

/** Swaps the faces of a picture file. @throws GatewayError photo_…, file_unwritable */
export async function swapPicture(
  input: string,
  output: OutputFile,
  createSwapper: () => Promise<FaceSwapper>,
): Promise<Outcome> {
  const write = pictureWriter(output.path);
  const original = readPicture(readFileSync(input), { maximumBytes: MAXIMUM_BYTES });
  const before = rgbToI420(original);
  const swapper = await createSwapper();
  const work = new WorkPicture();
  try {
    work.load(before);
    const outcome = await swapper.swap(work, 0);
    const draft = output.draft();
    writeFileSync(draft, write(onlyChanged(original, before, work.picture)));
    output.publish(draft);
    return outcome;
  } finally {
    work.close();
    swapper.close();
  }
}

/** The original's own pixels wherever its 4:2:0 form was left alone: fine colour is not lost outside the faces. */
function onlyChanged(original: Rgb, before: I420, after: I420): Rgb {
  const changed = i420ToRgb(after);
  const { width, height } = original;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (!isSame(before, after, column, row)) continue;
      const at = (row * width + column) * 3;
      changed.data[at] = original.data[at]!;
      changed.data[at + 1] = original.data[at + 1]!;
      changed.data[at + 2] = original.data[at + 2]!;
    }
  }
  return changed;
}

function isSame(before: I420, after: I420, column: number, row: number): boolean {
  const a = (row >> 1) * before.strideUv + (column >> 1);
  const b = (row >> 1) * after.strideUv + (column >> 1);
  return (
    before.y[row * before.strideY + column] === after.y[row * after.strideY + column] &&
    before.u[a] === after.u[b] &&
    before.v[a] === after.v[b]
  );
}
