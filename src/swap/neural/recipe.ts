import { z } from 'zod';
import { TEMPLATES } from './align/templates.ts';

const size = z.int().min(64).max(1024);
const template = z.enum(TEMPLATES);

/** What swap a session can choose: the embedded one, or a recipe of the operator's by its name. */
export const recipeNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, { error: 'must be small letters, digits, _ and -, 64 at most' })
  .refine((name) => name !== 'mesh', { error: 'mesh is the name of the embedded swap' });

/** What recognisers make of a face, in the form that the recipe's network takes it. */
export const embeddingSourceSchema = z.strictObject({
  kind: z.literal('embedding'),
  /** ONNX file of the recogniser, [1, 3, 112, 112] float32 to [1, 512]. */
  embedder: z.string().min(1),
  /** ONNX file, [1, 512] to [1, 512], that turns its embeddings into those that the network was trained with. */
  converter: z.string().min(1).optional(),
  /** Brought to length 1. Default true. */
  normalise: z.boolean().optional(),
  /** ONNX file whose last initializer, [512, 512], they are multiplied by at last: inswapper's own. */
  matrix: z.string().min(1).optional(),
});
export type EmbeddingSource = z.infer<typeof embeddingSourceSchema>;

/** What those who only cut crops, make sources and paste must know of a recipe; the models are the GPU workers' business. */
export const recipeFaceSchema = z.strictObject({
  name: recipeNameSchema,
  /** Side of its crops, pixels. */
  size,
  /** How they are aligned. */
  template,
  /** Pixel boost: how many times as fine a large face is cut at most, each way. Default 1. */
  boost: z.int().min(1).max(4).optional(),
  /** Most crops of one frame. Default those that the broker takes. */
  mostCrops: z.int().min(1).optional(),
  /** What of an identity's photo its models take. */
  source: z.discriminatedUnion('kind', [
    embeddingSourceSchema,
    /** The photo itself, aligned: [size, size, 3] uint8, RGB. */
    z.strictObject({ kind: z.literal('image'), size, template }),
  ]),
  /** Networks lower its masks, beside the box. Default false. */
  masks: z.boolean().optional(),
});
export type RecipeFace = z.infer<typeof recipeFaceSchema>;
