import type { Random } from '../media/random.ts';

/** Longest input that is made, so that a hundred thousand of them are made in seconds. */
const LONGEST = 16 * 1024;
/** What length, count and index fields are read wrongly at. */
const NUMBERS = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 1023, 4096, 32_767, 32_768, 65_535];
const WORDS = [0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fffe];
/** What text is read wrongly at: line ends, signs, numbers that are not what they look like, names that objects have. */
const SCRAPS = [
  ...['\r\n', '\n', '\r', '\0', ' ', '\t', ':', ';', ',', '=', '/', '*', '"', '{', '}', '[', ']', '\\', '%', '\u00a0'],
  ...[
    '-1',
    '0',
    '1e9',
    '0x10',
    '1.5',
    '65536',
    '4294967296',
    '99999999999999999999',
    'NaN',
    'Infinity',
    'null',
    'true',
  ],
  ...['__proto__', 'constructor', 'toString', 'a=', 'm=', '\ud83d\ude00', '\ud800', '\u202e', '\ufeff', '%00', '../'],
];

/**
 * Makes hostile inputs out of real ones: a few edits a piece, since a reader gives random bytes up at the first look. What
 * it makes depends on its random numbers alone.
 */
export class Mutator {
  readonly random: Random;
  /** What was made last, for the report of a failure. */
  last: Uint8Array | string = '';

  constructor(random: Random) {
    this.random = random;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.random.below(items.length)];
    if (item === undefined) throw new TypeError('there must be something to pick from');
    return item;
  }

  chance(share: number): boolean {
    return this.random.next() < share;
  }

  noise(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.random.below(256));
  }

  /** One of `seeds` as it is (rarely), with edits (mostly), or noise (rarely). */
  bytes(seeds: readonly Uint8Array[]): Uint8Array {
    const made = this.chance(0.1) ? this.noise(this.random.below(200)) : this.#edited(seeds);
    this.last = made;
    return made;
  }

  text(seeds: readonly string[]): string {
    let text = this.pick(seeds);
    const edits = this.chance(0.1) ? 0 : 1 + this.random.below(4);
    for (let edit = 0; edit < edits; edit++) text = this.#editText(text, seeds).slice(0, 4 * LONGEST);
    this.last = text;
    return text;
  }

  /** A copy of `seed` with a few of its numbers changed, each near one of `places`: where a large file has its structure. */
  numbersNear(seed: Uint8Array, places: readonly number[]): Uint8Array {
    const made = Uint8Array.from(seed);
    for (let edit = 0; edit <= this.random.below(4); edit++) {
      this.#number(made, Math.min(made.length - 1, this.pick(places) + this.random.below(48)));
    }
    this.last = made.subarray(0, 64);
    return made;
  }

  #edited(seeds: readonly Uint8Array[]): Uint8Array {
    let made = Uint8Array.from(this.pick(seeds));
    const edits = this.chance(0.1) ? 0 : 1 + this.random.below(4);
    for (let edit = 0; edit < edits && made.length > 0; edit++) made = this.#edit(made, seeds).slice(0, LONGEST);
    return made;
  }

  #edit(bytes: Uint8Array<ArrayBuffer>, seeds: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    const { random } = this;
    // Heads are where the structure is.
    const at = random.below(this.chance(0.5) ? Math.min(bytes.length, 40) : bytes.length);
    const length = 1 + random.below(Math.min(64, bytes.length));
    switch (random.below(8)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        return bytes;
      case 1:
        bytes[at] = random.below(256);
        return bytes;
      case 2:
      case 3:
        this.#number(bytes, at);
        return bytes;
      case 4:
        return bytes.slice(0, at);
      case 5:
        return joined(bytes.subarray(0, at), bytes.subarray(at + length));
      case 6: {
        const again = bytes.subarray(at, at + length);
        const times = 1 + random.below(this.chance(0.05) ? 200 : 3);
        return joined(bytes.subarray(0, at), ...Array<Uint8Array>(times).fill(again), bytes.subarray(at));
      }
      default: {
        const other = this.pick(seeds);
        return joined(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
      }
    }
  }

  /** Writes a number that is read wrongly, 8, 16 or 32 bits wide, in either byte order. */
  #number(bytes: Uint8Array, at: number): void {
    const width = Math.min(this.pick([1, 2, 4]), bytes.length - at);
    const value = this.chance(0.3) ? bytes.length - at + this.random.below(5) - 2 : this.pick([...NUMBERS, ...WORDS]);
    const little = this.chance(0.5);
    for (let i = 0; i < width; i++) bytes[at + i] = value >>> (8 * (little ? i : width - 1 - i));
  }

  #editText(text: string, seeds: readonly string[]): string {
    const { random } = this;
    const at = random.below(text.length + 1);
    const end = at + 1 + random.below(24);
    const repeat = random.below(this.chance(0.05) ? 2000 : 4);
    switch (random.below(7)) {
      case 0:
        return text.slice(0, at) + text.slice(end);
      case 1:
        return text.slice(0, at) + this.pick(SCRAPS) + text.slice(at);
      case 2:
        return text.slice(0, at) + text.slice(at, end).repeat(repeat) + text.slice(at);
      case 3:
        return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
      case 4: {
        const numbers = [...text.matchAll(/\d+/g)];
        const number = numbers[random.below(numbers.length)];
        if (number === undefined) return text;
        const value = this.pick([...SCRAPS, ...[...NUMBERS, ...WORDS].map(String)]);
        return text.slice(0, number.index) + value + text.slice(number.index + number[0].length);
      }
      case 5: {
        const lines = text.split('\n');
        const [from, to] = [random.below(lines.length), random.below(lines.length)];
        lines.splice(to, this.chance(0.5) ? 1 : 0, ...Array<string>(1 + repeat).fill(lines[from] ?? ''));
        return lines.join('\n');
      }
      default: {
        const other = this.pick(seeds);
        return text.slice(0, at) + other.slice(random.below(other.length + 1));
      }
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}
