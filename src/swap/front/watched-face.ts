import type { I420 } from '../../media/plane.ts';
import { cross, SIDE, type FaceCells } from './face-cells.ts';
import { Intruder, NO_SKIN, STRANGE, UNSEEN } from './intruder.ts';

/** Frames that a cell is looked at before it is known: a second. */
const KNOWN_AFTER = 30;
/** How fast what is seen is learned, a frame; and where something lies before the face: so slow that it stays there for half a minute. */
const LEARN = 0.03;
const LEARN_COVERED = 0.004;
/** Deviations that every cell is allowed at least, luma and chroma steps: noise, a mesh that trembles, a shadow. */
const LUMA_FLOOR = 13;
const CHROMA_FLOOR = 3.5;
/** Most of a departure that is learned from, in these deviations: what comes and goes must not be taken for what is usual. */
const SURPRISE = 2;
/** Deviations from which a cell is no longer what it was, and less where it was not before. */
const DEPARTED = 3;
const STILL_DEPARTED = 2.3;
/** Deviations from which it may be something else, beside what surely is. */
const HARDLY = 1.5;
/**
 * What no skin of this face is: so many chroma steps less red, or bluer, or so dark or so bright against it. What is redder may be lips or cheeks.
 */
const NOT_SKIN = { paler: 9, dark: 0.42, bright: 1.75 } as const;
/** A triangle that is seen so much smaller than most says nothing. */
const EDGE_ON = 0.4;
/** Nor does one that a turn of the head shows so much smaller or larger than usual: what lies there was not seen so far. */
const TURNED = { smaller: 0.65, larger: 1.45 } as const;
/** Share of the way to what a frame says, as masks of networks follow it. */
const FOLLOW = 0.6;
/** The luma that counts as none. */
const BLACK = 16;

/**
 * What is known about one face: how each of its cells looks usually. Something that comes before it differs from that, from how the other
 * half of the face looks there, and from the face's skin; it comes in from the outline, and it is not the face in another light.
 */
export class WatchedFace {
  /** What lies before the face, 0–255 for each cell of the square. */
  readonly shares = new Uint8Array(SIDE * SIDE);
  readonly #cells: FaceCells;
  readonly #intruder: Intruder;
  readonly #now;
  readonly #mean;
  /** Mean squares of the departures from the mean: of luma, and of both chroma planes together. */
  readonly #lumaSpread: Float32Array;
  readonly #chromaSpread: Float32Array;
  /** How large each cell is seen, of what most are; 0: not at all. */
  readonly #seen: Float32Array;
  /** In how many frames each has been seen, up to when it is known. */
  readonly #looks: Uint8Array;
  readonly #kinds = new Uint8Array(SIDE * SIDE);
  readonly #counts = new Uint16Array(256);
  readonly #areas: Float32Array;
  /** How large each cell is usually. */
  readonly #size: Float32Array;
  #frames = 0;

  constructor(cells: FaceCells) {
    const count = cells.places.length;
    const colours = () => ({ y: new Float32Array(count), u: new Float32Array(count), v: new Float32Array(count) });
    this.#cells = cells;
    this.#intruder = new Intruder(cells);
    this.#now = colours();
    this.#mean = colours();
    this.#lumaSpread = new Float32Array(count);
    this.#chromaSpread = new Float32Array(count);
    this.#seen = new Float32Array(count);
    this.#looks = new Uint8Array(count);
    this.#size = new Float32Array(count);
    this.#areas = new Float32Array(cells.triangles.length / 3);
  }

  /**
   * Looks at the face in the next picture.
   * @param landmarks (x, y, z) of at least 468 points, pixels
   * @returns true if something lies before it
   */
  look(picture: I420, landmarks: Float32Array): boolean {
    this.#sample(picture, landmarks);
    this.#judge();
    this.#learn();
    this.#frames++;
    return this.#follow();
  }

  /** The mean colour of each cell; of those that cannot be seen none. */
  #sample({ width, height, y, u, v, strideY, strideUv }: I420, landmarks: Float32Array): void {
    const { triangles, triangle, weights, places } = this.#cells;
    const usual = this.#measure(landmarks);
    const reach = Math.max(1, Math.round(Math.sqrt(usual) / 4));
    for (let cell = 0, k = 0; cell < places.length; cell++, k += 3) {
      const corner = 3 * triangle[cell]!;
      const a = 3 * triangles[corner]!;
      const b = 3 * triangles[corner + 1]!;
      const c = 3 * triangles[corner + 2]!;
      const [first, second, third] = [weights[k]!, weights[k + 1]!, weights[k + 2]!];
      const x = (first * landmarks[a]! + second * landmarks[b]! + third * landmarks[c]!) | 0;
      const row = (first * landmarks[a + 1]! + second * landmarks[b + 1]! + third * landmarks[c + 1]!) | 0;
      const inside = x >= reach && row >= reach && x < width - reach && row < height - reach;
      const size = this.#areas[triangle[cell]!]! / usual;
      this.#size[cell] = this.#size[cell]! + (size - this.#size[cell]!) * Math.max(LEARN, 1 / (this.#frames + 1));
      const turned = size / this.#size[cell]!;
      const told = inside && size > EDGE_ON && turned > TURNED.smaller && turned < TURNED.larger;
      this.#seen[cell] = told ? size : 0;
      if (this.#seen[cell] === 0) continue;
      const at = row * strideY + x;
      const up = at - reach * strideY;
      const down = at + reach * strideY;
      this.#now.y[cell] = (y[up - reach]! + y[up + reach]! + y[down - reach]! + y[down + reach]!) / 4;
      this.#now.u[cell] = u[(row >> 1) * strideUv + (x >> 1)]!;
      this.#now.v[cell] = v[(row >> 1) * strideUv + (x >> 1)]!;
    }
  }

  /** How many pixels a cell of each triangle has, none if it looks away. @returns what most have */
  #measure(landmarks: Float32Array): number {
    const { triangles, areas: canonical } = this.#cells;
    const areas = this.#areas;
    let [seen, whole] = [0, 0];
    for (let t = 0, k = 0; t < areas.length; t++, k += 3) {
      const [a, b, c] = [triangles[k]!, triangles[k + 1]!, triangles[k + 2]!];
      const cells = canonical[t]!;
      const [ax, ay] = [landmarks[3 * a]!, landmarks[3 * a + 1]!];
      const pixels = cross(
        landmarks[3 * b]! - ax,
        landmarks[3 * b + 1]! - ay,
        landmarks[3 * c]! - ax,
        landmarks[3 * c + 1]! - ay,
      );
      areas[t] = pixels / cells;
      if (areas[t]! <= 0) continue;
      seen += Math.abs(pixels);
      whole += Math.abs(cells);
    }
    return whole > 0 ? seen / whole : Infinity;
  }

  /** Finds the cells that are no longer the face's, and of these what has come before it. */
  #judge(): void {
    const { places, mirror } = this.#cells;
    const skin = this.#skin();
    const kinds = this.#kinds.fill(0);
    const { y, u, v } = this.#now;
    for (let cell = 0; cell < places.length; cell++) {
      const place = places[cell]!;
      if (this.#seen[cell] === 0) {
        kinds[place] = UNSEEN;
        continue;
      }
      if (this.#looks[cell]! < KNOWN_AFTER || this.#looks[mirror[cell]!]! < KNOWN_AFTER) continue;
      const luma = (y[cell]! - skin.shift - BLACK) / Math.max(1, skin.y - BLACK);
      const paler = Math.max(u[cell]! - skin.u, skin.v - v[cell]!);
      const like = paler < NOT_SKIN.paler && luma > NOT_SKIN.dark && luma < NOT_SKIN.bright;
      if (like) continue;
      const least = this.shares[place]! > 0 ? STILL_DEPARTED : DEPARTED;
      const away = Math.min(this.#departure(cell, cell, skin.shift), this.#departure(cell, mirror[cell]!, skin.shift));
      if (away > least ** 2) kinds[place] = STRANGE;
      else if (away > HARDLY ** 2 || luma < NOT_SKIN.dark) kinds[place] = NO_SKIN;
    }
    this.#intruder.find(kinds, { now: y, usual: this.#mean.y, size: this.#seen });
  }

  /** How far what `cell` shows is from what is usual at `as`, in squares of deviations. */
  #departure(cell: number, as: number, shift: number): number {
    const { y, u, v } = this.#now;
    const mean = this.#mean;
    const [dy, du, dv] = [y[cell]! - shift - mean.y[as]!, u[cell]! - mean.u[as]!, v[cell]! - mean.v[as]!];
    const luma = (dy * dy) / Math.max(LUMA_FLOOR ** 2, this.#lumaSpread[as]!);
    return Math.max(luma, (du * du + dv * dv) / Math.max(CHROMA_FLOOR ** 2, this.#chromaSpread[as]!));
  }

  /** The usual colour of most of the face, and by how many luma steps all of it has become brighter. */
  #skin(): { readonly y: number; readonly u: number; readonly v: number; readonly shift: number } {
    const mean = this.#mean;
    let [change, alike] = [0, 0];
    for (let cell = 0; cell < mean.y.length; cell++) {
      if (this.#seen[cell] === 0) continue;
      const difference = this.#now.y[cell]! - mean.y[cell]!;
      if (Math.abs(difference) > 3 * LUMA_FLOOR) continue;
      change += difference;
      alike++;
    }
    const [y, u, v] = [this.#median(mean.y), this.#median(mean.u), this.#median(mean.v)];
    return { y, u, v, shift: alike === 0 ? 0 : change / alike };
  }

  /** Of the cells that are seen: what has lain before a third of them from the start does not count. */
  #median(values: Float32Array): number {
    const counts = this.#counts.fill(0);
    let count = 0;
    for (let cell = 0; cell < values.length; cell++) {
      if (this.#seen[cell] === 0) continue;
      counts[values[cell]! | 0]!++;
      count++;
    }
    let value = 0;
    for (let below = counts[0]!; below < count / 2; below += counts[++value]!);
    return value;
  }

  #learn(): void {
    const { places } = this.#cells;
    const { intruding } = this.#intruder;
    const mean = this.#mean;
    const { y, u, v } = this.#now;
    for (let cell = 0; cell < places.length; cell++) {
      if (this.#seen[cell] === 0) continue;
      const looks = this.#looks[cell]!;
      const known = looks >= KNOWN_AFTER;
      // Until then each frame counts as much as those before it.
      const share = !known ? 1 / (looks + 1) : intruding[places[cell]!] === 0 ? LEARN : LEARN_COVERED;
      const most = known ? SURPRISE : Infinity;
      const dy = held(y[cell]! - mean.y[cell]!, most * LUMA_FLOOR);
      const du = held(u[cell]! - mean.u[cell]!, most * CHROMA_FLOOR);
      const dv = held(v[cell]! - mean.v[cell]!, most * CHROMA_FLOOR);
      mean.y[cell] = mean.y[cell]! + share * dy;
      mean.u[cell] = mean.u[cell]! + share * du;
      mean.v[cell] = mean.v[cell]! + share * dv;
      if (!known) this.#looks[cell] = looks + 1;
      if (looks === 0) continue;
      this.#lumaSpread[cell] = this.#lumaSpread[cell]! * (1 - share) + share * dy * dy;
      this.#chromaSpread[cell] = this.#chromaSpread[cell]! * (1 - share) + share * (du * du + dv * dv);
    }
  }

  #follow(): boolean {
    const { intruding } = this.#intruder;
    let any = 0;
    for (const place of this.#cells.places) {
      const share = this.shares[place]!;
      const next = share + Math.round(FOLLOW * (intruding[place]! * 255 - share));
      this.shares[place] = next;
      any |= next;
    }
    return any !== 0;
  }
}

function held(value: number, most: number): number {
  return value < -most ? -most : value > most ? most : value;
}
