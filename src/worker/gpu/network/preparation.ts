import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { sha256 } from '../../../onnx/digest.ts';
import { writeModel } from '../../../onnx/graph/onnx-model.ts';
import { readModel } from '../../../onnx/graph/read-model.ts';
import { ModelCache } from '../../../onnx/model-cache.ts';
import { prepareGraph, type GiveEnds, type Rewritten } from '../../../onnx/prepare/prepare-graph.ts';
import type { Rewrite } from '../../../onnx/prepare/rewrites.ts';
import type { Provider } from '../../wire/gpu-protocol.ts';
import { NotedDigests } from './noted-digests.ts';
import type { NetworkFile } from './onnx-network.ts';
import { keptSchema, type Kept } from './preparation-note.ts';
import { sweepPrepared } from './sweep-prepared.ts';

/** Part of each file's name; it goes up when a graph is prepared in another way, or judged in another way. */
const VERSION = 1;

/** A worker that is put down, or loses its device, while it prepares a file tries once more; then the file is to blame. */
const MOST_BEGUN = 2;

/** A prepared file that has not been seen to give the same yet. */
export interface Candidate extends Omit<NetworkFile, 'preparation'> {
  readonly done: Rewritten;
  /** Whether anything in it is in half precision. */
  readonly halves: boolean;
  readonly sha256: string;
}

/** A file that can be prepared. */
export interface Preparable {
  readonly file: string;
  /** What its prepared file depends on besides. */
  readonly key: unknown;
  readonly giveEnds: GiveEnds;
}

/**
 * A file of a recipe, prepared for one provider, in a folder: by its content, by what the recipe says of it, and by the version of the
 * preparation. Prepared files are some hundred megabytes; each is there once for all workers.
 */
export class Preparation {
  readonly #file: Preparable;
  readonly #folder: string;
  readonly #notes: ModelCache;
  readonly #digests: NotedDigests;
  readonly #key: string;

  private constructor(
    file: Preparable,
    parts: {
      readonly folder: string;
      readonly notes: ModelCache;
      readonly digests: NotedDigests;
      readonly key: string;
    },
  ) {
    this.#file = file;
    this.#folder = parts.folder;
    this.#notes = parts.notes;
    this.#digests = parts.digests;
    this.#key = parts.key;
  }

  /** @throws GatewayError file_unreadable */
  static async of(
    file: Preparable,
    { provider, folder }: { readonly provider: Provider; readonly folder: string },
  ): Promise<Preparation> {
    const digest = sha256(JSON.stringify([VERSION, provider, file.key])).slice(0, 16);
    const notes = new ModelCache(folder);
    const digests = new NotedDigests(notes);
    return new Preparation(file, { folder, notes, digests, key: `${await digests.of(file.file)}-${digest}` });
  }

  /** What is remembered, if the file is there and whole. */
  async kept(): Promise<NetworkFile | undefined> {
    const kept = await this.#noted();
    if (kept === undefined) return undefined;
    if (kept.kind === 'refused') return plainFile(this.#file, kept.reason);
    if (kept.kind === 'begun') {
      const reason = `workers ended while they prepared it [times:${kept.times}] [note:${this.#key}.json]`;
      return kept.times < MOST_BEGUN ? undefined : plainFile(this.#file, reason);
    }
    const path = join(this.#folder, kept.file);
    const digest = await this.#digests.of(path).catch(() => undefined); // gone, which is as good as changed
    return digest === kept.sha256 ? { path, ends: kept.ends, preparation: kept.preparation } : undefined;
  }

  /** Remembers that it is being prepared. */
  async begin(): Promise<void> {
    const kept = await this.#noted();
    await this.#note({ kind: 'begun', times: kept?.kind === 'begun' ? kept.times + 1 : 1 });
  }

  /**
   * Writes the file, prepared in these ways as far as its graph allows. Written beside and renamed: whoever else makes it meanwhile makes
   * the same.
   * @returns undefined if there was nothing to do
   * @throws GatewayError model_unsupported, asset_corrupt; an error of the file system
   */
  async make(rewrites: readonly Rewrite[]): Promise<Candidate | undefined> {
    const { file, giveEnds } = this.#file;
    const model = readModel(file);
    const done = prepareGraph(model, { rewrites, ends: giveEnds });
    if (Object.keys(done).length === 0) return undefined;
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, `${this.#key}-${Object.keys(done).join('-')}.onnx`);
    const halves = [...model.constants.values()].some(({ type }) => type === 'float16');
    const sha256 = await writeWhole(path, writeModel(model));
    return { path, ends: done.bytes === undefined ? 'floats' : 'bytes', done, halves, sha256 };
  }

  /** Remembers a candidate that gives the same, and makes room of what nobody can use any more. */
  async keep({ path, ends, sha256 }: Candidate, preparation: string): Promise<void> {
    const source = resolve(this.#file.file);
    await this.#note({ kind: 'prepared', source, file: basename(path), ends, sha256, preparation });
    const swept = sweepPrepared(this.#folder, { notes: this.#notes, digests: this.#digests });
    await swept.catch(() => undefined); // what stays is in nobody's way
  }

  /** Forgets a candidate that does not. */
  async drop({ path }: Candidate): Promise<void> {
    await rm(path, { force: true });
  }

  /** Remembers that the file is run as it is. */
  async refuse(reason: string): Promise<void> {
    await this.#note({ kind: 'refused', reason });
  }

  async #noted(): Promise<Kept | undefined> {
    const note = await this.#notes.read(`${this.#key}.json`);
    return note && keptSchema.safeParse(JSON.parse(Buffer.from(note).toString('utf8'))).data;
  }

  async #note(kept: Kept): Promise<void> {
    await this.#notes.write(`${this.#key}.json`, Buffer.from(JSON.stringify(kept)));
  }
}

/** @returns SHA-256 of what was written, hex */
async function writeWhole(path: string, pieces: Iterable<Uint8Array>): Promise<string> {
  const beside = `${path}.${randomUUID()}`;
  const hash = createHash('sha256');
  try {
    const file = await open(beside, 'wx');
    try {
      for (const piece of pieces) {
        hash.update(piece);
        await file.writeFile(piece);
      }
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  return hash.digest('hex');
}

/** A file as it is. */
export function plainFile({ file }: Pick<Preparable, 'file'>, reason: string): NetworkFile {
  return { path: file, ends: 'floats', preparation: `as it is: ${reason}` };
}
