import { join } from 'node:path';
import type { PublishedModel } from './contract.ts';
import { MANIFEST } from './manifest.ts';

type Kind = PublishedModel['kind'];
type Of<K extends Kind> = Extract<PublishedModel, { kind: K }>;
type Swap = Of<'swap'>;

/** Names of the networks that a recipe can have: for the swap, for its masks, for what comes after it. */
export const SWAP_MODELS = namesOf('swap');
export const MASK_MODELS = namesOf('mask');
export const ENHANCER_MODELS = namesOf('enhancer');

/** Classes of CelebAMask-HQ that are the face: skin, brows, eyes, glasses, nose, mouth, lips. */
const FACE_CLASSES = [1, 2, 3, 4, 5, 6, 10, 11, 12, 13];

/** The swap network of this name, if there is one. */
export function swapModel(name: string): Swap | undefined {
  return modelOf('swap', name);
}

/** What the settings of one of a recipe's masks say by hand, as the contract of its model has it; undefined if there is none of this name. */
export function maskOfModel(name: string, folder: string): Record<string, unknown> | undefined {
  const model = modelOf('mask', name);
  if (model === undefined) return undefined;
  const { size, layout, colours, input, gives, outputs } = model;
  const count = outputs[0]?.shape?.[1];
  const given = gives === 'share' ? { kind: 'occlusion' } : { kind: 'region', count, face: FACE_CLASSES };
  return { file: modelFile(folder, name), size, layout, colours, input, gives: given };
}

/** The same of its enhancer. */
export function enhancerOfModel(name: string, folder: string): Record<string, unknown> | undefined {
  const model = modelOf('enhancer', name);
  if (model === undefined) return undefined;
  const { size, template, input, output } = model;
  return { file: modelFile(folder, name), size, template, input, output };
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

function namesOf(kind: Kind): string[] {
  return MANIFEST.filter((model) => model.kind === kind).map(({ name }) => name);
}

function modelOf<K extends Kind>(kind: K, name: string): Of<K> | undefined {
  return MANIFEST.find((model): model is Of<K> => model.kind === kind && model.name === name);
}
