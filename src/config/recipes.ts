/** Recipes that name a published model instead of saying by hand what it takes and gives (docs/models.md). */
import { z } from 'zod';
import { modelsFolder, modelsSchema } from './models.ts';
import type { GpuSettings, RecipeSettings } from './gpu.ts';
import { publishedModel } from '../models/manifest.ts';
import { enhancerOfModel, maskOfModel, modelsOf, recipeOfModel, swapModel } from '../models/recipe-of-model.ts';

/** As much of settings that are not checked yet as is needed: what has another form is left to the check. */
const uncheckedSchema = z.looseObject({
  models: modelsSchema.prefault({}),
  gpu: z.looseObject({ recipes: z.array(z.looseObject({})) }),
});

const namedSchema = z.looseObject({ model: z.string() });

/** Settings with what their recipes' models say filled in; what is given by hand as well wins. */
export function withModels(settings: unknown): unknown {
  const read = uncheckedSchema.safeParse(settings);
  if (!read.success) return settings;
  const { gpu, models } = read.data;
  const folder = modelsFolder(models);
  const recipes = gpu.recipes.map((recipe) => {
    const model = typeof recipe['model'] === 'string' ? swapModel(recipe['model']) : undefined;
    const filled = model === undefined ? recipe : { ...recipeOfModel(model, folder), ...recipe };
    return withBeside(filled, folder);
  });
  return { ...read.data, gpu: { ...gpu, recipes } };
}

/** A recipe with what the models of its masks and its enhancer say filled in. */
function withBeside(recipe: Record<string, unknown>, folder: string): Record<string, unknown> {
  const { masks, enhancer } = recipe;
  return {
    ...recipe,
    ...(Array.isArray(masks) && { masks: masks.map((mask) => filledIn(mask, (name) => maskOfModel(name, folder))) }),
    ...(enhancer !== undefined && { enhancer: filledIn(enhancer, (name) => enhancerOfModel(name, folder)) }),
  };
}

/** A network that is given by its model's name, alone or among other things; anything else as it is. */
function filledIn(given: unknown, ofModel: (name: string) => Record<string, unknown> | undefined): unknown {
  const network = typeof given === 'string' ? { model: given } : given;
  const named = namedSchema.safeParse(network);
  return named.success ? { ...ofModel(named.data.model), ...named.data } : network;
}

/** Recipes whose model, or one that it needs, may not be used, as mistakes. */
export function licenceMistakes({
  gpu,
  models,
}: {
  readonly gpu: GpuSettings | null;
  readonly models: z.infer<typeof modelsSchema>;
}): string[] {
  if (models.allowNonCommercial) return [];
  return (gpu?.recipes ?? []).flatMap((recipe, index) => {
    const bound = modelsIn(recipe).filter((name) => !publishedModel(name).licence.commercial);
    if (bound.length === 0) return [];
    const names = bound.join(', ');
    return [`gpu.recipes.${index}.model: ${names} may not be used commercially: models.allowNonCommercial must be set`];
  });
}

/** The published models that a recipe is made of. */
function modelsIn({ model, masks, enhancer }: RecipeSettings): readonly string[] {
  const swap = model === undefined ? undefined : swapModel(model);
  const beside = [...masks.map((mask) => mask.model), enhancer?.model].filter((name) => name !== undefined);
  return [...(swap === undefined ? [] : modelsOf(swap)), ...beside];
}
