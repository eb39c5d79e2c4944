import { join } from 'node:path';
import type { PublishedModel } from './contract.ts';
import { MANIFEST } from './manifest.ts';

type Swap = Extract<PublishedModel, { kind: 'swap' }>;

/** Names of the swap networks. */
export const SWAP_MODELS = MANIFEST.filter(({ kind }) => kind === 'swap').map(({ name }) => name);

/** The swap network of this name, if there is one. */
export function swapModel(name: string): Swap | undefined {
  return MANIFEST.find((model): model is Swap => model.kind === 'swap' && model.name === name);
}

/** Where a model's file is in the folder of models. */
export function modelFile(folder: string, name: string): string {
  return join(folder, `${name}.onnx`);
}

/** The models whose files a swap network needs, itself among them. */
export function modelsOf({ name, source }: Swap): readonly string[] {
  if (source.kind === 'image') return [name];
  return [name, source.embedder, ...(source.converter === undefined ? [] : [source.converter])];
}

/** What the settings of a recipe say by hand, as the contract of its model has it. */
export function recipeOfModel(model: Swap, folder: string): Record<string, unknown> {
  const { name, size, template, input, output, source } = model;
  const file = modelFile(folder, name);
  const recipe = { file, size, template, input, output };
  if (source.kind === 'image') return { ...recipe, source };
  const { embedder, converter, normalise, matrix } = source;
  const taken = {
    kind: source.kind,
    embedder: modelFile(folder, embedder),
    normalise,
    ...(converter !== undefined && { converter: modelFile(folder, converter) }),
    ...(matrix && { matrix: file }),
  };
  return { ...recipe, source: taken };
}
