import { createHash } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { CropLane, SwappedPixels } from '../../swap/neural/crop-lane.ts';

/**
 * A record of the file: SHA-256 of what the face is made of, pixels of it (uint32, big endian), RGB, mask.
 *
 *   0              32        36              36 + 3 n      36 + 4 n
 *   +--------------+---------+---------------+-------------+
 *   | key          | n       | RGB           | mask        |
 *   +--------------+---------+---------------+-------------+
 */
const HEAD = 36;
/** A face has at most 1024 × 1024 pixels, twice as many each way where it is enhanced. */
const MOST_PIXELS = 2048 * 2048;

/** The new faces of a file that is being made, kept beside it so that a run that was interrupted need not have them swapped again. */
export class KeptFaces {
  readonly #path: string;
  readonly #file: number;
  /** By key, where a record's pixels begin, and how many they are. */
  readonly #places = new Map<string, { readonly at: number; readonly pixels: number }>();
  #end = 0;
  #open = true;

  /**
   * @param output path of the file that is being made
   * @throws GatewayError file_unwritable
   */
  constructor(output: string) {
    const whole = resolve(output);
    this.#path = join(dirname(whole), `.${basename(whole)}.guise-faces`);
    try {
      // For its owner alone: it shows faces.
      this.#file = openSync(this.#path, 'a+', 0o600);
    } catch (cause) {
      throw new GatewayError('file_unwritable', `faces must be kept beside the output [file:${this.#path}]`, { cause });
    }
    this.#readPlaces();
  }

  /** How many there are. */
  get count(): number {
    return this.#places.size;
  }

  get(key: string): SwappedPixels | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const bytes = new Uint8Array(4 * place.pixels);
    readSync(this.#file, bytes, 0, bytes.length, place.at);
    return { rgb: bytes.subarray(0, 3 * place.pixels), mask: bytes.subarray(3 * place.pixels) };
  }

  add(key: string, { rgb, mask }: SwappedPixels): void {
    if (this.#places.has(key) || !this.#open) return;
    const head = Buffer.alloc(HEAD);
    head.write(key, 'hex');
    head.writeUInt32BE(mask.length, HEAD - 4);
    for (const part of [head, rgb, mask]) writeSync(this.#file, part);
    this.#places.set(key, { at: this.#end + HEAD, pixels: mask.length });
    this.#end += HEAD + 4 * mask.length;
  }

  /** Idempotent. @param done the file is made: nothing needs to be kept any more */
  close({ done }: { readonly done: boolean }): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#file);
    if (done) rmSync(this.#path, { force: true });
  }

  /** What was cut off within a record, as its run was killed, is cut off whole. */
  #readPlaces(): void {
    const { size } = fstatSync(this.#file);
    const head = Buffer.alloc(HEAD);
    for (;;) {
      if (readSync(this.#file, head, 0, HEAD, this.#end) < HEAD) break;
      const pixels = head.readUInt32BE(HEAD - 4);
      const next = this.#end + HEAD + 4 * pixels;
      if (pixels === 0 || pixels > MOST_PIXELS || next > size) break;
      this.#places.set(head.toString('hex', 0, HEAD - 4), { at: this.#end + HEAD, pixels });
      this.#end = next;
    }
    ftruncateSync(this.#file, this.#end);
  }
}

/** A lane that asks the network only for faces that are not kept yet. */
export class KeepingLane implements CropLane {
  readonly #lane: CropLane;
  readonly #faces: KeptFaces;
  readonly #network: string;

  /** @param options `network`: tells this network, and how it is run, from all others */
  constructor(lane: CropLane, { faces, network }: { readonly faces: KeptFaces; readonly network: string }) {
    this.#lane = lane;
    this.#faces = faces;
    this.#network = network;
  }

  async swap(...[crops, options]: Parameters<CropLane['swap']>): Promise<readonly SwappedPixels[] | undefined> {
    const { sources, enhance = 0 } = options;
    const keys = crops.map((crop, index) => this.#keyOf(crop, sources[index]!.hash, enhance));
    const missing = keys.flatMap((key, index) => (this.#faces.get(key) === undefined ? [index] : []));
    if (missing.length > 0) {
      const asked = { ...options, sources: missing.map((index) => sources[index]!) };
      const swapped = await this.#lane.swap(
        missing.map((index) => crops[index]!),
        asked,
      );
      if (swapped === undefined) return undefined;
      missing.forEach((index, k) => this.#faces.add(keys[index]!, swapped[k]!));
    }
    return keys.map((key) => this.#faces.get(key)!);
  }

  close(): void {
    this.#lane.close();
  }

  #keyOf(crop: Uint8Array, source: string, enhance: number): string {
    return createHash('sha256')
      .update(JSON.stringify([this.#network, source, enhance]))
      .update(crop)
      .digest('hex');
  }
}
