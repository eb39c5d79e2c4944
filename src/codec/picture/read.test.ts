import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  animatedGif,
  animatedWebp,
  cmykJpeg,
  flat,
  pngClaiming,
  transparentPng,
  withOrientation,
} from '../../../test/support/picture-files.ts';
import { PROJECT_ROOT } from '../../entry.ts';
import type { Rgb } from '../../media/plane.ts';
import { readPicture } from './read.ts';
import { writeJpeg, writePng } from './write.ts';

const fixture = (name: string) => readFileSync(join(PROJECT_ROOT, 'test/fixtures', name));

function pixel(picture: Rgb, x: number, y: number): number[] {
  const at = (y * picture.width + x) * 3;
  return [...picture.data.subarray(at, at + 3)];
}

function expectColour(picture: Rgb, x: number, y: number, wanted: readonly number[], within = 6): void {
  const found = pixel(picture, x, y);
  for (const [at, value] of wanted.entries()) expect(Math.abs(found[at]! - value), `${found}`).toBeLessThan(within);
}

/** Left half red, right half blue, so that a turn shows. */
function halves(width: number, height: number): Rgb {
  const picture = flat(width, height, [220, 30, 30]);
  for (let y = 0; y < height; y++) {
    for (let x = width >> 1; x < width; x++) picture.data.set([30, 30, 220], (y * width + x) * 3);
  }
  return picture;
}

describe('a picture that is read', () => {
  it('comes with the size and pixels of its file', () => {
    const astronaut = readPicture(fixture('astronaut.png'));
    expect([astronaut.width, astronaut.height]).toEqual([512, 512]);
    const hopper = readPicture(fixture('grace_hopper.jpg'));
    expect([hopper.width, hopper.height]).toEqual([512, 600]);
  });

  it('survives PNG exactly and JPEG nearly, in an odd size', () => {
    const picture = halves(37, 23);
    expect(readPicture(writePng(picture))).toEqual(picture);
    const again = readPicture(writeJpeg(picture));
    expect([again.width, again.height]).toEqual([37, 23]);
    expectColour(again, 3, 3, [220, 30, 30], 12);
    expectColour(again, 33, 20, [30, 30, 220], 12);
  });

  it('is scaled down to fit, never up', () => {
    const small = readPicture(fixture('grace_hopper.jpg'), { fitSide: 300 });
    expect([small.width, small.height]).toEqual([256, 300]);
    expect(readPicture(fixture('grace_hopper.jpg'), { fitSide: 3000 }).height).toBe(600);
  });

  it.each([
    // orientation, size, colour at the top left and at the bottom right
    [1, [64, 32], 'red', 'blue'],
    [2, [64, 32], 'blue', 'red'],
    [3, [64, 32], 'blue', 'red'],
    [4, [64, 32], 'red', 'blue'],
    [5, [32, 64], 'red', 'blue'],
    [6, [32, 64], 'red', 'blue'],
    [7, [32, 64], 'blue', 'red'],
    [8, [32, 64], 'blue', 'red'],
  ] as const)('is upright whatever its EXIF orientation (%i)', (orientation, size, first, last) => {
    const colours = { red: [220, 30, 30], blue: [30, 30, 220] };
    const picture = readPicture(withOrientation(writeJpeg(halves(64, 32)), orientation));
    expect([picture.width, picture.height]).toEqual(size);
    expectColour(picture, 2, 2, colours[first], 12);
    expectColour(picture, size[0] - 3, size[1] - 3, colours[last], 12);
  });

  it('may be CMYK', () => {
    const picture = readPicture(cmykJpeg([255, 0, 0, 255]));
    expect([picture.width, picture.height]).toEqual([16, 16]);
    expectColour(picture, 8, 8, [255, 0, 0]);
    expectColour(readPicture(cmykJpeg([200, 100, 50, 128])), 8, 8, [100, 50, 25]);
  });

  it('shows grey where it is transparent', () => {
    expectColour(readPicture(transparentPng(8, 8, [255, 0, 0], 0)), 4, 4, [128, 128, 128], 2);
    expectColour(readPicture(transparentPng(8, 8, [255, 0, 0], 128)), 4, 4, [192, 64, 64], 2);
  });

  it('is the first frame of an animation', () => {
    const red = [250, 10, 10] as const;
    const green = [10, 250, 10] as const;
    expectColour(readPicture(animatedGif([red, green])), 2, 2, red);
    const webp = readPicture(animatedWebp(48, 32, [red, green]));
    expect([webp.width, webp.height]).toEqual([48, 32]);
    expectColour(webp, 20, 10, red, 12);
  });
});

describe('a picture that is refused', () => {
  const refused = (bytes: Uint8Array, code: string, words: RegExp, limits = {}) =>
    expect(() => readPicture(bytes, limits)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(words) as string }),
    );

  it('has 0 bytes', () => refused(new Uint8Array(0), 'photo_empty', /choose it again/));

  it('is text, whatever its name', () => {
    refused(Buffer.from('dear diary, this is no picture'), 'photo_unreadable', /JPEG, PNG, WebP or GIF/);
  });

  it.each(['astronaut.png', 'grace_hopper.jpg'])('is cut off anywhere (%s)', (name) => {
    const whole = fixture(name);
    for (const part of [0.001, 0.1, 0.5, 0.9, 0.999]) {
      refused(whole.subarray(0, Math.ceil(whole.length * part)), 'photo_unreadable', /cut off|save it as/);
    }
  });

  it('is cut off, as WebP or GIF', () => {
    const webp = animatedWebp(48, 32, [[250, 10, 10]]);
    refused(webp.subarray(0, webp.length - 20), 'photo_unreadable', /cut off/);
    refused(animatedGif([[250, 10, 10]]).subarray(0, 30), 'photo_unreadable', /save it again/);
  });

  it('claims 20,000 × 20,000 pixels, before anything is allocated for them', () => {
    refused(pngClaiming(20_000, 20_000), 'photo_too_large', /scale it down \[size:20000x20000\]/);
    const jpeg = writeJpeg(flat(32, 32, [1, 2, 3]));
    const size = jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xc0) + 5;
    jpeg.set([0x4e, 0x20, 0x4e, 0x20], size);
    refused(jpeg, 'photo_too_large', /scale it down/);
  });

  it('claims a small size first and a huge one behind it', () => {
    const jpeg = writeJpeg(flat(32, 32, [1, 2, 3]));
    const start = jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xc0);
    const frameHead = jpeg.slice(start, start + 2 + ((jpeg[start + 2]! << 8) | jpeg[start + 3]!));
    const huge = frameHead.slice();
    huge.set([0x4e, 0x20, 0x4e, 0x20], 5);
    const both = Buffer.concat([jpeg.subarray(0, start), huge, jpeg.subarray(start)]);
    refused(both, 'photo_unreadable', /damaged/);
  });

  it('has more bytes than allowed', () => {
    refused(fixture('astronaut.png'), 'photo_too_large', /save it smaller/, { maximumBytes: 1000 });
  });

  it('has a head and nothing that decodes', () => {
    refused(pngClaiming(300, 200), 'photo_unreadable', /damaged/);
    const noise = Uint8Array.from({ length: 4000 }, (_, at) => (at * 193) ^ (at >> 5));
    for (const magic of [[0xff, 0xd8, 0xff], [...Buffer.from('GIF89a')], [...Buffer.from('RIFF\0\0\0\0WEBPVP8 ')]]) {
      const bytes = noise.slice();
      bytes.set(magic);
      expect(() => readPicture(bytes)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^photo_/) as string }),
      );
    }
  });
});
