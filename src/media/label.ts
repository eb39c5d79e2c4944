import type { Box, I420 } from './plane.ts';

/** What the mark says. */
export const LABEL_TEXT = 'AI MODIFIED';

/** Our own letters, 5 × 7, a row a number, the leftmost column in bit 4. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  A: [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
  D: [0b11110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b11110],
  E: [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111],
  F: [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000],
  I: [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
  M: [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001],
  O: [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
};
const GLYPH_WIDTH = 5;
const GLYPH_HEIGHT = 7;
const SPACE_WIDTH = 3;
const PADDING = 3;
/** A letter's dot is one pixel for this many rows of the picture. */
const ROWS_PER_DOT = 240;
/** Distance from the corner, part of the picture's height. */
const MARGIN = 0.025;
/** What the plate leaves of the picture below it, of 256, and its own dark grey. */
const PLATE_KEEPS = 96;
const PLATE_LUMA = 24;
const TEXT_LUMA = 228;

/** A mark made ready for one size of picture. */
interface Mark {
  readonly box: Box;
  /** 1 where a letter is, `box.width × box.height`. */
  readonly letters: Uint8Array;
}

/** Marks by picture size. A session has one size at a time, so a few are plenty; the oldest is forgotten. */
const marks = new Map<number, Mark>();
const MARKS_KEPT = 16;

/** Where the mark lies in a picture of this size: lower left corner, even numbers, inside the picture. */
export function labelBox(width: number, height: number): Box {
  return markFor(width, height).box;
}

/** Draws the mark "AI MODIFIED" in place: light letters on a half-transparent dark plate, nothing outside `labelBox`. */
export function drawLabel(picture: I420): void {
  const { box, letters } = markFor(picture.width, picture.height);
  const { y, strideY } = picture;
  for (let row = 0, at = 0; row < box.height; row++) {
    let pixel = (box.y + row) * strideY + box.x;
    for (let column = 0; column < box.width; column++, at++, pixel++) {
      y[pixel] = letters[at] ? TEXT_LUMA : (y[pixel]! * PLATE_KEEPS + PLATE_LUMA * (256 - PLATE_KEEPS)) >> 8;
    }
  }
  greyOut(picture.u, picture.strideUv, box);
  greyOut(picture.v, picture.strideUv, box);
}

/** Takes most of the colour away below the plate. */
function greyOut(plane: Uint8Array, stride: number, box: Box): void {
  const columns = Math.ceil(box.width / 2);
  const rows = Math.ceil(box.height / 2);
  for (let row = 0; row < rows; row++) {
    let pixel = (box.y / 2 + row) * stride + box.x / 2;
    for (let column = 0; column < columns; column++, pixel++) plane[pixel] = 128 + ((plane[pixel]! - 128) >> 2);
  }
}

function markFor(width: number, height: number): Mark {
  const key = width * 65536 + height;
  const known = marks.get(key);
  if (known) return known;
  const mark = makeMark(width, height);
  if (marks.size >= MARKS_KEPT) for (const oldest of marks.keys()) if (marks.delete(oldest)) break;
  marks.set(key, mark);
  return mark;
}

function makeMark(width: number, height: number): Mark {
  const dot = Math.max(1, Math.round(height / ROWS_PER_DOT));
  const margin = Math.round((height * MARGIN) / 2) * 2;
  const fullWidth = even((textWidth() + 2 * PADDING) * dot);
  const fullHeight = even((GLYPH_HEIGHT + 2 * PADDING) * dot);
  // A picture that is too small for the whole mark carries what fits of it, plate included.
  const x = fullWidth + margin <= width ? margin : 0;
  const top = fullHeight + margin <= height ? (height - fullHeight - margin) & ~1 : 0;
  const box = { x, y: top, width: Math.min(fullWidth, width), height: Math.min(fullHeight, height) };
  return { box, letters: drawLetters(box, dot) };
}

function drawLetters(box: Box, dot: number): Uint8Array {
  const letters = new Uint8Array(box.width * box.height);
  let left = PADDING;
  for (const letter of LABEL_TEXT) {
    const glyph = GLYPHS[letter];
    for (let row = 0; glyph && row < GLYPH_HEIGHT; row++) {
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        if ((glyph[row]! >> (GLYPH_WIDTH - 1 - column)) & 1) {
          drawDot(letters, box, (left + column) * dot, (PADDING + row) * dot, dot);
        }
      }
    }
    left += (glyph ? GLYPH_WIDTH : SPACE_WIDTH) + 1;
  }
  return letters;
}

function drawDot(letters: Uint8Array, box: Box, x: number, y: number, dot: number): void {
  for (let row = y; row < Math.min(y + dot, box.height); row++) {
    for (let column = x; column < Math.min(x + dot, box.width); column++) letters[row * box.width + column] = 1;
  }
}

function textWidth(): number {
  let width = -1;
  for (const letter of LABEL_TEXT) width += (GLYPHS[letter] ? GLYPH_WIDTH : SPACE_WIDTH) + 1;
  return width;
}

function even(value: number): number {
  return value + (value & 1);
}
