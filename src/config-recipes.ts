/** Recipes that name a published model instead of saying by hand what it takes and gives (docs/models.md). */
import { z } from 'zod';
import { modelsFolder, modelsSchema } from './config-models.ts';
import type { GpuSettings } from './config-gpu.ts';
import { publishedModel } from './models/manifest.ts';
import { modelsOf, recipeOfModel, swapModel } from './models/recipe-of-model.ts';

/** As much of settings that are not checked yet as is needed: what has another form is left to the check. */
const uncheckedSchema = z.looseObject({
  models: modelsSchema.prefault({}),
  gpu: z.looseObject({ recipes: z.array(z.looseObject({})) }),
});

/** Settings with what their recipes' models say filled in; what is given by hand as well wins. */
export function withModels(settings: unknown): unknown {
  const read = uncheckedSchema.safeParse(settings);
  if (!read.success) return settings;
  const { gpu, models } = read.data;
  const folder = modelsFolder(models);
  const recipes = gpu.recipes.map((recipe) => {
    const model = typeof recipe['model'] === 'string' ? swapModel(recipe['model']) : undefined;
    return model === undefined ? recipe : { ...recipeOfModel(model, folder), ...recipe };
  });
  return { ...read.data, gpu: { ...gpu, recipes } };
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
  return (gpu?.recipes ?? []).flatMap(({ model }, index) => {
    const swap = model === undefined ? undefined : swapModel(model);
    const bound = (swap === undefined ? [] : modelsOf(swap)).filter((name) => !publishedModel(name).licence.commercial);
    if (bound.length === 0) return [];
    const names = bound.join(', ');
    return [`gpu.recipes.${index}.model: ${names} may not be used commercially: models.allowNonCommercial must be set`];
  });
}
