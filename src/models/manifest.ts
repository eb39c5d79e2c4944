import { GatewayError } from '../errors.ts';
import { publishedModelSchema, type PublishedModel } from './contract.ts';
import { OTHERS } from './published/others.ts';
import { SWAPS } from './published/swaps.ts';

/** Every published model that is known, by what was written down about it: none comes with Guise. */
export const MANIFEST: readonly PublishedModel[] = [...SWAPS, ...OTHERS].map((entry) =>
  publishedModelSchema.parse(entry),
);

/** The model of this name. @throws GatewayError not_found */
export function publishedModel(name: string, manifest: readonly PublishedModel[] = MANIFEST): PublishedModel {
  const model = manifest.find((entry) => entry.name === name);
  if (model !== undefined) return model;
  const names = manifest.map((entry) => entry.name).join(', ');
  throw new GatewayError('not_found', `model must be one of ${names} [model:${name}]`);
}
