import { rm } from 'node:fs/promises';
import { GatewayError } from '../errors.ts';
import { download, type DownloadOptions } from './download.ts';
import type { Identified } from './identify.ts';
import { publishedModel } from './manifest.ts';
import type { ModelFolder } from './model-folder.ts';

export interface FetchOptions extends Pick<DownloadOptions, 'signal' | 'onProgress' | 'firstWait'> {
  /** Whoever asks has read the licence and accepts it. */
  readonly acceptLicence: boolean;
}

/**
 * Downloads a model into the folder. What a run that was ended left is gone on with, if there is a published digest to check it by.
 * @throws GatewayError forbidden if the licence is not accepted, or does not allow commercial use and the settings ask for that;
 *   asset_corrupt if it is not the published file; asset_missing, model_unsupported, file_unwritable, not_found
 */
export async function fetchModel(
  models: ModelFolder,
  name: string,
  { acceptLicence, ...options }: FetchOptions,
): Promise<Identified> {
  const model = publishedModel(name, models.manifest);
  const { licence, page, address } = model;
  if (!acceptLicence) {
    const said = `[model:${name}] [licence:${licence.name}] [page:${page}]`;
    throw new GatewayError('forbidden', `the licence must be read and accepted: --accept-licence ${said}`);
  }
  models.requireLicence(model);
  if (address === undefined) {
    throw new GatewayError('not_found', `address of the model must be known; get it by hand and add it [page:${page}]`);
  }
  const checked = model.copies.some(({ sha256 }) => sha256 !== undefined);
  const part = await models.openPart(model, { keep: checked });
  await download({ address, file: part, ...options });
  try {
    return await models.adopt(part, { model, published: checked });
  } catch (error) {
    await rm(part, { force: true }); // whole, and wrong: to go on with it would not mend it
    throw error;
  }
}
