import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import { readSignature } from '../onnx/signature.ts';
import { bytesOf } from './bytes-of.ts';
import type { PublishedModel } from './contract.ts';
import { fileSha256 } from '../onnx/digest.ts';
import { identify, modelOfDigest, requireFit, type Identified } from './identify.ts';
import { MANIFEST, publishedModel } from './manifest.ts';
import { modelFile } from './recipe-of-model.ts';

/** What is written down of a file when it is put into the folder. */
const recordSchema = z.object({ sha256: z.hash('sha256'), bytes: z.int().nonnegative() });

export interface ModelFolderOptions {
  readonly folder: string;
  /** Models whose licence forbids commercial use, or does not tell, may be put there. */
  readonly allowNonCommercial: boolean;
  readonly manifest?: readonly PublishedModel[];
}

/** A published model, and whether its file is there. */
export interface ModelState {
  readonly model: PublishedModel;
  /** Undefined: it is not there. */
  readonly bytes: number | undefined;
}

/** What became of checking a file that is there. */
export interface Verdict {
  readonly model: PublishedModel;
  /** It is one of the published files, not only one that fits. */
  readonly published: boolean;
  /** Undefined: it is as it must be. */
  readonly problem: GatewayError | undefined;
}

/** The folder that holds the operator's model files, each under its model's name, with a record of its digest beside it. */
export class ModelFolder {
  readonly folder: string;
  readonly manifest: readonly PublishedModel[];
  readonly #allowNonCommercial: boolean;

  constructor({ folder, allowNonCommercial, manifest = MANIFEST }: ModelFolderOptions) {
    this.folder = folder;
    this.manifest = manifest;
    this.#allowNonCommercial = allowNonCommercial;
  }

  /** Where a model's file is, if it is there. */
  file({ name }: Pick<PublishedModel, 'name'>): string {
    return modelFile(this.folder, name);
  }

  /** All published models, in the manifest's order. */
  list(): Promise<ModelState[]> {
    return Promise.all(this.manifest.map(async (model) => ({ model, bytes: await bytesOf(this.file(model)) })));
  }

  /**
   * Copies a file in, after it is known which model it is and that its graph fits. One that was there is replaced.
   * @throws GatewayError model_unsupported, asset_corrupt, file_unreadable, file_unwritable, forbidden, not_found
   */
  async add(path: string, { as }: { readonly as?: string | undefined } = {}): Promise<Identified> {
    const found = await identify(path, { manifest: this.manifest, as });
    this.requireLicence(found.model);
    await this.#write(async () => {
      const part = this.#part(found.model);
      await copyFile(path, part, constants.COPYFILE_FICLONE);
      await this.#place(part, found);
    });
    return found;
  }

  /**
   * Where a model that is not whole yet is written.
   * @param options `keep` what an earlier run left
   * @throws GatewayError file_unwritable
   */
  async openPart(model: PublishedModel, { keep }: { readonly keep: boolean }): Promise<string> {
    const part = this.#part(model);
    await this.#write(() => (keep ? Promise.resolve() : rm(part, { force: true })));
    return part;
  }

  /**
   * Moves a part that is whole now to its place.
   * @param options `published`: it must be a published file
   * @throws GatewayError asset_corrupt, model_unsupported, file_unwritable
   */
  async adopt(
    part: string,
    { model, published }: { readonly model: PublishedModel; readonly published: boolean },
  ): Promise<Identified> {
    const found = await identify(part, { manifest: this.manifest, as: model.name });
    if (published && found.by !== 'sha256') {
      throw new GatewayError(
        'asset_corrupt',
        `model must be the published file [model:${model.name}] [sha256:${found.sha256}]`,
      );
    }
    await this.#write(() => this.#place(part, found));
    return found;
  }

  /** Checks digest and graph of every file that is there. */
  async verify(): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    // One after the other: they are large, and the disk is one.
    for (const { model, bytes } of await this.list())
      if (bytes !== undefined) verdicts.push(await this.#verdict(model));
    return verdicts;
  }

  /** @throws GatewayError not_found if it is not a model, or not there */
  async remove(name: string): Promise<void> {
    const model = publishedModel(name, this.manifest);
    if ((await bytesOf(this.file(model))) === undefined) {
      throw new GatewayError('not_found', `model must be there [model:${name}] [folder:${this.folder}]`);
    }
    await this.#write(async () => {
      await rm(this.file(model));
      await rm(this.#record(model), { force: true });
    });
  }

  /** @throws GatewayError forbidden if the model is not for commercial use, or nobody knows, and the settings do not allow that */
  requireLicence({ name, licence }: PublishedModel): void {
    if (licence.commercial || this.#allowNonCommercial) return;
    throw new GatewayError(
      'forbidden',
      `the licence of a model must allow commercial use, unless models.allowNonCommercial is set [model:${name}] [licence:${licence.name}]`,
    );
  }

  #part({ name }: PublishedModel): string {
    return join(this.folder, `.${name}.part`);
  }

  async #place(part: string, { model, sha256 }: Identified): Promise<void> {
    const { size: bytes } = await stat(part);
    await writeFile(this.#record(model), `${JSON.stringify({ sha256, bytes })}\n`);
    await rename(part, this.file(model));
  }

  async #write(work: () => Promise<void>): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
      await work();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError('file_unwritable', `model folder must be writable: ${why} [folder:${this.folder}]`, {
        cause,
      });
    }
  }

  async #verdict(model: PublishedModel): Promise<Verdict> {
    const path = this.file(model);
    let published = false;
    try {
      requireFit(model, readSignature(path), path);
      const sha256 = await fileSha256(path);
      published = modelOfDigest(sha256, this.manifest) === model;
      const record = await this.#read(model);
      if (!published && record !== undefined && record.sha256 !== sha256) {
        throw new GatewayError('asset_corrupt', `model must be as it was added [file:${basename(path)}]`);
      }
      return { model, published, problem: undefined };
    } catch (error) {
      if (error instanceof GatewayError) return { model, published, problem: error };
      throw error;
    }
  }

  /** What was written down of its file; undefined for one that somebody else put there. */
  async #read(model: PublishedModel): Promise<z.infer<typeof recordSchema> | undefined> {
    try {
      return recordSchema.parse(JSON.parse(await readFile(this.#record(model), 'utf8')));
    } catch {
      return undefined; // without a record the graph alone is checked
    }
  }

  #record({ name }: PublishedModel): string {
    return join(this.folder, `${name}.json`);
  }
}
