/** The part of the settings that says where the operator's model files are, and which may be there (docs/models.md). */
import { join } from 'node:path';
import { z } from 'zod';
import { PROJECT_ROOT } from '../entry.ts';

export const modelsSchema = z.strictObject({
  folder: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Folder of model files. Default models in GUISE_CACHE, else .cache/models of the project.'),
  allowNonCommercial: z
    .boolean()
    .default(false)
    .describe('Models may be added whose licence forbids commercial use, or is not known. Default false.'),
});
export type ModelsSettings = z.infer<typeof modelsSchema>;

/** The folder that the settings mean. Not in node_modules, as other cached files: an installation would clear it. */
export function modelsFolder({ folder }: Pick<ModelsSettings, 'folder'>): string {
  return folder ?? join(process.env['GUISE_CACHE'] ?? join(PROJECT_ROOT, '.cache'), 'models');
}
