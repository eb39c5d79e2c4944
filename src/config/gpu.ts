/** The part of the settings that says what a host with GPUs swaps with (docs/gpu.md). */
import { z } from 'zod';
import { ENHANCER_MODELS, MASK_MODELS, SWAP_MODELS } from '../models/recipe-of-model.ts';
import { REWRITES } from '../onnx/prepare/rewrites.ts';
import { recipeFaceSchema, recipeNameSchema, type RecipeFace } from '../swap/neural/recipe.ts';
import { enhancerNetworkSchema, maskNetworkSchema } from '../worker/wire/gpu-chain.ts';
import { MAXIMUM_CROPS } from '../worker/wire/broker-protocol.ts';
import { gpuRecipeSchema, MAXIMUM_BATCH, providerSchema, type GpuRecipe } from '../worker/wire/gpu-protocol.ts';

const share = z.number().min(0).max(1);
const face = recipeFaceSchema.shape;
const model = gpuRecipeSchema.shape;
/** Numbers of an embedding. */
const EMBEDDING = 512;

/** Networks that a recipe has beside its swap; a published model fills in what is not said by hand. */
const maskSettingsSchema = maskNetworkSchema.extend({ model: z.enum(MASK_MODELS).optional() });
const enhancerSettingsSchema = enhancerNetworkSchema.extend({ model: z.enum(ENHANCER_MODELS).optional() });

const recipeSchema = z.strictObject({
  name: recipeNameSchema.describe('What sessions choose it by: small letters, digits, _ and -.'),
  model: z
    .enum(SWAP_MODELS)
    .optional()
    .describe('Published model in models.folder that the fields below but maximumBatch are taken from. Default none.'),
  file: model.file.describe('ONNX file of the swap network.'),
  size: face.size.describe('Side of its crops, pixels, 64–1024.'),
  template: face.template.describe('How its crops are aligned (docs/neural.md).'),
  source: face.source.describe(
    'What of an identity’s photo it takes: an embedding, made with the file `embedder`, or an aligned image.',
  ),
  input: model.input.describe('Range of its input: unit 0..1, signed −1..1, imagenet. Default unit.'),
  output: model.output.describe('Range of its output: unit 0..1, signed −1..1. Default unit.'),
  maximumBatch: model.maximumBatch.describe(`Most crops in one run, 1–${MAXIMUM_BATCH}. Default 8.`),
  boost: face.boost.describe(
    'Pixel boost: how many times as fine a face that is large in the picture is cut, 1–4; each costs its square of crops. Default 1.',
  ),
  masks: z
    .array(maskSettingsSchema)
    .max(4)
    .default([])
    .describe('Networks that say what of the face is hidden, each a published model’s name or by hand. Default none.'),
  enhancer: enhancerSettingsSchema
    .optional()
    .describe('Network that draws the new face more finely, a published model’s name or by hand. Default none.'),
  ownMask: model.ownMask.describe(
    'Whether the swap network’s own mask, its second output, is used, as hyperswap has one. Default false.',
  ),
  box: model.box.describe(
    'Soft edge of its masks: blur 0–1, padding of top, right, bottom and left 0–1. Default 0.3, none.',
  ),
  prepare: z
    .boolean()
    .default(true)
    .describe('Whether its file is rewritten to run faster and in batches (docs/graph-preparation.md). Default true.'),
  precision: z
    .enum(['as-is', 'half'])
    .default('as-is')
    .describe('half: single precision in its file becomes half precision as it is prepared. Default as-is.'),
});
export type RecipeSettings = z.infer<typeof recipeSchema>;

const tierSchema = z.strictObject({
  name: z.string().min(1).max(64).describe('What sessions are given by their token.'),
  weight: z
    .number()
    .min(0.01)
    .max(1000)
    .default(1)
    .describe('Share of what is left under load, against other tiers. Default 1.'),
  reserved: share.default(0).describe('Share of all GPUs that no other tier can take from it, 0–1. Default 0.'),
});

const mpsSchema = z.strictObject({
  mode: z
    .enum(['auto', 'on', 'off', 'attach'])
    .default('auto')
    .describe(
      'NVIDIA MPS: on starts a daemon for each GPU, attach uses the one of pipeDirectory, auto does either where it can. Default auto.',
    ),
  pipeDirectory: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Pipe directory of a daemon to attach to. Default CUDA_MPS_PIPE_DIRECTORY.'),
  threadPercentage: z
    .int()
    .min(1)
    .max(100)
    .nullable()
    .default(null)
    .describe('Most of a GPU’s multiprocessors for one worker, percent, 1–100. Default 200 ÷ workers, at most 100.'),
  memoryMegabytes: z
    .int()
    .min(256)
    .max(1_048_576)
    .nullable()
    .default(null)
    .describe('Most GPU memory of one worker that MPS allows, MiB. Default none.'),
});

/** What a host with GPUs swaps with. */
export const gpuSchema = z
  .strictObject({
    provider: providerSchema
      .default('cuda')
      .describe(
        'Execution provider of onnxruntime: cuda, tensorrt, webgpu, or cpu, for tests and small hosts. Default cuda.',
      ),
    devices: z
      .array(z.int().min(0).max(63))
      .min(1)
      .max(16)
      .default([0])
      .describe('GPUs by their index. Default the first.'),
    workersPerGpu: z.int().min(1).max(16).default(2).describe('GPU workers on each GPU, 1–16. Default 2.'),
    spareWorkers: z
      .int()
      .min(0)
      .max(4)
      .nullable()
      .default(null)
      .describe(
        'GPU workers of each GPU that have everything loaded and wait to take the place of one that is lost, 0–4. Default 1, with the cpu provider 0.',
      ),
    threads: z
      .int()
      .min(1)
      .max(256)
      .default(1)
      .describe('Processor threads of the cpu provider in each worker. Default 1.'),
    copies: z
      .enum(['each', 'one'])
      .nullable()
      .default(null)
      .describe(
        'each: a worker loads a network once for each batch size, so that its kernels are not chosen anew when the size changes; one: once. Default each, with the cpu provider one.',
      ),
    memoryMegabytes: z
      .int()
      .min(64)
      .max(1_048_576)
      .default(4096)
      .describe('Weights that stay resident in one worker, MiB; the least used recipe goes first. Default 4096.'),
    hardMegabytes: z
      .int()
      .min(256)
      .max(1_048_576)
      .nullable()
      .default(null)
      .describe(
        'A GPU worker above it (resident memory of the host, MiB) is ended and replaced at once. Default 8192 + 2 × memoryMegabytes.',
      ),
    mps: mpsSchema.prefault({}),
    recipes: z.array(recipeSchema).min(1).max(64).describe('Swap networks, each by a name of its own.'),
    tiers: z
      .array(tierSchema)
      .min(1)
      .max(16)
      .default([{ name: 'standard', weight: 1, reserved: 0 }])
      .describe('Whom overload reaches last: sessions without a tier have the first. Default one, standard.'),
    tenantRate: z
      .number()
      .min(1)
      .max(1_000_000)
      .nullable()
      .default(null)
      .describe('Most crops a second of all sessions of one tenant; what is over it is given up. Default none.'),
    hourlyPrice: z
      .number()
      .min(0)
      .max(10_000)
      .nullable()
      .default(null)
      .describe('Price of one GPU for an hour. Default none.'),
  })
  .refine(({ recipes }) => new Set(recipes.map(({ name }) => name)).size === recipes.length, {
    error: 'recipes must have different names',
    path: ['recipes'],
  })
  .refine(({ tiers }) => new Set(tiers.map(({ name }) => name)).size === tiers.length, {
    error: 'tiers must have different names',
    path: ['tiers'],
  })
  .refine(({ tiers }) => tiers.reduce((sum, { reserved }) => sum + reserved, 0) <= 1, {
    error: 'reserved shares must not be more than 1 together',
    path: ['tiers'],
  });
export type GpuSettings = z.infer<typeof gpuSchema>;

const MIB = 1024 * 1024;
/** Code and libraries of a provider, and what it puts up for a network: on a host that builds TensorRT's engines, gigabytes. */
const USUAL_RESIDENT = 8192;

/** Host memory of one GPU worker, bytes. Weights are there twice while a recipe is loaded. */
export function residentLimit({ hardMegabytes, memoryMegabytes }: GpuSettings): number {
  return (hardMegabytes ?? USUAL_RESIDENT + 2 * memoryMegabytes) * MIB;
}

/** What those who cut crops and paste them must know of a recipe. */
export function recipeFace(recipe: RecipeSettings): RecipeFace {
  const { name, size, template, source, boost, masks, ownMask, maximumBatch } = recipe;
  const mostCrops = Math.min(maximumBatch, MAXIMUM_CROPS);
  return { name, size, template, source, ...(boost && { boost }), mostCrops, masks: masks.length > 0 || ownMask };
}

/** What a GPU worker must know of it. */
export function gpuRecipe({
  source,
  masks,
  enhancer,
  boost: _,
  prepare,
  precision,
  ...recipe
}: RecipeSettings): GpuRecipe {
  const taken =
    source.kind === 'image'
      ? ({ kind: source.kind, size: source.size } as const)
      : ({ kind: source.kind, length: EMBEDDING } as const);
  return {
    ...without(recipe),
    source: taken,
    masks: masks.map(without),
    ...(enhancer !== undefined && { enhancer: without(enhancer) }),
    prepare: prepare ? REWRITES.filter((name) => name !== 'half' || precision === 'half') : [],
  };
}

/** A worker needs no model's name: it is told all that the model says. */
function without<Settings extends { readonly model?: unknown }>({
  model: _,
  ...rest
}: Settings): Omit<Settings, 'model'> {
  return rest;
}
