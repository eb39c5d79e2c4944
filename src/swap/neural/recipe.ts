import { z } from 'zod';
import { TEMPLATES } from './align/templates.ts';

const size = z.int().min(64).max(1024);
const template = z.enum(TEMPLATES);

/** What swap a session can choose: the embedded one, or a recipe of the operator's by its name. */
export const recipeNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, { error: 'must be small letters, digits, _ and -, 64 at most' })
  .refine((name) => name !== 'mesh', { error: 'mesh is the name of the embedded swap' });

/** What those who only cut crops, make sources and paste must know of a recipe; the models are the GPU workers' business. */
export const recipeFaceSchema = z.strictObject({
  name: recipeNameSchema,
  /** Side of its crops, pixels. */
  size,
  /** How they are aligned. */
  template,
  /** What of an identity's photo its models take. */
  source: z.discriminatedUnion('kind', [
    /** What a recogniser makes of the face: `embedder` is its ONNX file, [1, 3, 112, 112] float32 to [1, 512]. */
    z.strictObject({ kind: z.literal('embedding'), embedder: z.string().min(1) }),
    /** The photo itself, aligned: [size, size, 3] uint8, RGB. */
    z.strictObject({ kind: z.literal('image'), size, template }),
  ]),
});
export type RecipeFace = z.infer<typeof recipeFaceSchema>;
