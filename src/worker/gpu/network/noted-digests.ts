import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { fileSha256, sha256 } from '../../../onnx/digest.ts';
import type { ModelCache } from '../../../onnx/model-cache.ts';
import { wallClock, type Milli } from '../../../time.ts';

/** What was changed later than this ago may be changed again without another time: clocks of file systems are coarse. */
const SETTLED: Milli = 2000;

/** How a file lies on the disk. Whoever writes to it, or puts another in its place, changes one of these. */
const placeSchema = z.object({ inode: z.string(), bytes: z.string(), modified: z.string(), changed: z.string() });
type Place = z.infer<typeof placeSchema>;

export const digestNoteSchema = placeSchema.extend({ path: z.string(), sha256: z.hash('sha256') });

/** Part of the names of these notes; other notes begin with a digest. */
export const DIGEST_NOTE = 'digest-';

/** SHA-256 of files, noted with how each lay on the disk: files of gigabytes are read once, not at each start of each worker. */
export class NotedDigests {
  readonly #notes: ModelCache;

  constructor(notes: ModelCache) {
    this.#notes = notes;
  }

  /** SHA-256 of a file, hex. @throws GatewayError file_unreadable */
  async of(path: string): Promise<string> {
    const key = `${DIGEST_NOTE}${sha256(resolve(path)).slice(0, 32)}.json`;
    const place = await placeOf(path);
    const noted = await this.#noted(key);
    if (place !== undefined && noted !== undefined && isSame(place, noted)) return noted.sha256;
    const digest = await fileSha256(path);
    const after = await placeOf(path);
    if (after !== undefined && place !== undefined && isSame(place, after) && isSettled(after)) {
      const note = { ...after, path: resolve(path), sha256: digest };
      await this.#notes.write(key, Buffer.from(JSON.stringify(note)));
    }
    return digest;
  }

  async #noted(key: string): Promise<z.infer<typeof digestNoteSchema> | undefined> {
    const note = await this.#notes.read(key);
    return note && digestNoteSchema.safeParse(JSON.parse(Buffer.from(note).toString('utf8'))).data;
  }
}

async function placeOf(path: string): Promise<Place | undefined> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return { inode: String(ino), bytes: String(size), modified: String(mtimeNs), changed: String(ctimeNs) };
  } catch {
    return undefined; // whoever reads it will say why it cannot be
  }
}

function isSame(one: Place, other: Place): boolean {
  return (Object.keys(placeSchema.shape) as (keyof Place)[]).every((key) => one[key] === other[key]);
}

function isSettled({ changed }: Place): boolean {
  return wallClock() - Number(changed) / 1e6 > SETTLED;
}
