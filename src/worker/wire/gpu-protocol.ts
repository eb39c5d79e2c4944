/**
 * What a broker asks its GPU workers, over a `Channel` (docs/protocol.md, "Between broker and GPU worker"). Every message is a
 * request with one answer; pixels, masks and sources are payload. Both sides check what they are sent.
 */
import { z } from 'zod';
import { REWRITES, USUAL_REWRITES } from '../../onnx/prepare/rewrites.ts';
import { TEMPLATES } from '../../swap/neural/align/templates.ts';
import { recipeNameSchema } from '../../swap/neural/recipe.ts';
import { boxSchema, enhancerNetworkSchema, maskNetworkSchema } from './gpu-chain.ts';

/** Execution providers of onnxruntime that a worker can be told to use. */
export const PROVIDERS = ['cpu', 'cuda', 'tensorrt', 'webgpu'] as const;
export const providerSchema = z.enum(PROVIDERS);
export type Provider = z.infer<typeof providerSchema>;

/** Largest number of crops in one run. */
export const MAXIMUM_BATCH = 64;
/** Jobs that a worker takes at a time: one runs, one is staged. A third is refused with `capacity_full`. */
export const JOBS_AT_A_TIME = 2;

const count = z.int().nonnegative();
const milli = z.number().nonnegative();
const batch = z.int().min(1).max(MAXIMUM_BATCH);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const side = z.int().min(8).max(1024);

/**
 * A recipe as a GPU worker needs it. Its file is an ONNX model with the inputs `target`, [n, 3, size, size], and `source`, and one
 * output, [n, 3, size, size]; each of them float32 or float16, RGB. `n` may be free, or fixed at 1: then crops are run one by one.
 */
export const gpuRecipeSchema = z.strictObject({
  name: recipeNameSchema,
  /** Path of the ONNX file. */
  file: z.string().min(1),
  /** Side of a crop, pixels. */
  size: side,
  source: z.discriminatedUnion('kind', [
    /** [n, length]; a source's bytes are as many float32, little endian. */
    z.strictObject({ kind: z.literal('embedding'), length: z.int().min(1).max(4096) }),
    /** [n, 3, size, size], 0..1; a source's bytes are [size, size, 3] uint8. */
    z.strictObject({ kind: z.literal('image'), size: side }),
  ]),
  /** What the network takes: 0..1, −1..1, or 0..1 less ImageNet's mean and over its deviation. */
  input: z.enum(['unit', 'signed', 'imagenet']).default('unit'),
  /** What it gives: 0..1 or −1..1. */
  output: z.enum(['unit', 'signed']).default('unit'),
  /** Most crops in one run. */
  maximumBatch: batch.default(8),
  /** How its crops are aligned, for an enhancer that takes them otherwise. Default arcface_128. */
  template: z.enum(TEMPLATES).default('arcface_128'),
  /** What lowers its masks, beside the box that every recipe has. */
  masks: z.array(maskNetworkSchema).max(4).default([]),
  box: boxSchema.prefault({}),
  /** Whether the swap network's second output, [n, 1, size, size], 0..1, lowers them as well. */
  ownMask: z.boolean().default(false),
  /** Default none. */
  enhancer: enhancerNetworkSchema.optional(),
  /** What its files are prepared by (docs/graph-preparation.md); none: it is run as it is. */
  prepare: z.array(z.enum(REWRITES)).default([...USUAL_REWRITES]),
});
export type GpuRecipe = z.infer<typeof gpuRecipeSchema>;

/** `configure`: the first request, once. Nothing is loaded yet. */
export const gpuConfigureSchema = z.strictObject({
  provider: providerSchema,
  /** The GPU, as the provider counts those that this process sees. */
  deviceId: count.default(0),
  recipes: z.array(gpuRecipeSchema).max(64),
  /** Bytes of weights that stay resident, of all recipes together; the least used recipe goes first. One may be larger. */
  memoryLimit: z.int().positive(),
  /** Bytes of sources that are kept; the least used goes first. */
  sourceLimit: z
    .int()
    .positive()
    .default(64 * 1024 * 1024),
  /** Batch sizes that are warmed and profiled; a job of another size is filled up to the next of them. */
  warmBatches: z.array(batch).min(1).max(16).default([1, 2, 3, 4, 6, 8]),
  /** Processor threads of the cpu provider for one run. */
  threads: z.int().min(1).max(256).default(1),
  /** Whether a network is loaded once for each batch size, or once. Default each, with the cpu provider one. */
  copies: z.enum(['each', 'one']).optional(),
});
export type GpuConfigure = z.output<typeof gpuConfigureSchema>;
/** `provider` is the one asked for: that it really runs the nodes is proved for each recipe when it is loaded. */
export const gpuReadySchema = z.object({ provider: providerSchema, pid: count });
export type GpuReady = z.infer<typeof gpuReadySchema>;

/** What batches of one recipe take in this worker, milliseconds, from the job's start in the thread to its pixels. */
export const profileTableSchema = z.array(z.object({ batch, p50: milli, p99: milli })).min(1);
export type ProfileTable = z.infer<typeof profileTableSchema>;

/** What batches of a recipe take. */
export const gpuProfilesSchema = z.object({
  /** With all its networks. */
  table: profileTableSchema,
  /** Without its enhancer, if it has one. */
  plainTable: profileTableSchema.optional(),
});
export type GpuProfiles = z.infer<typeof gpuProfilesSchema>;

/**
 * Body of `load` (opens, proves, warms and profiles: for the largest batch only, where each size is loaded apart; nothing if resident)
 * and `warm` (the next size that is missing).
 */
export const gpuLoadSchema = z.strictObject({
  recipe: z.string(),
  /** Of another worker on the same GPU: the sizes in it are not measured once more. */
  known: gpuProfilesSchema.optional(),
});
export type GpuLoad = z.infer<typeof gpuLoadSchema>;
/** Body of `profile`: measures once more the sizes that are there. */
export const gpuRecipeOnlySchema = z.strictObject({ recipe: z.string() });
export const gpuLoadedSchema = gpuProfilesSchema.extend({
  recipe: z.string(),
  /** The provider that was seen to run the network, and the nodes that ran elsewhere (small ones, such as shapes). */
  provider: providerSchema,
  elsewhere: count,
  /** How its file was prepared, or why it is run as it is. */
  preparation: z.string(),
  /** Bytes of weights. */
  bytes: count,
  /** Batch sizes that it is not warm for yet, as `warm` will load them: batches are filled up to the next one in the table. */
  missing: z.array(batch),
  /** Recipes that had to go for it. */
  evicted: z.array(z.string()),
});
export type GpuLoaded = z.infer<typeof gpuLoadedSchema>;

/** `source`, payload = its bytes: kept by SHA-256, which is checked. Answered {}. */
export const gpuSourceSchema = z.strictObject({ hash });

/**
 * `job`, payload = [n, size, size, 3] uint8, RGB: one batch. A recipe that is not resident is loaded first, which takes seconds:
 * `load` it before.
 */
export const gpuJobSchema = z.strictObject({
  recipe: z.string(),
  /** Hash of the source of each crop. */
  sources: z.array(hash).min(1).max(MAXIMUM_BATCH),
  /** How much of the recipe's enhancer each crop takes, 0..1. Left out: it is not run. */
  enhance: z.array(z.number().min(0).max(1)).max(MAXIMUM_BATCH).optional(),
});
export type GpuJob = z.infer<typeof gpuJobSchema>;

export const gpuJobReplySchema = z.discriminatedUnion('kind', [
  /**
   * Payload = [n, size, size, 3] uint8, the crops swapped, then [n, size, size] uint8, their masks; of enhanced ones then what they were
   * made of, as the crops came.
   */
  z.object({
    kind: z.literal('done'),
    /** Side of what comes back, pixels: that of the crops, or what the enhancer makes of it. */
    size: side,
    /** Batch that was run. */
    batch,
    /** Crops of which the network made no picture, its numbers not being finite: what stands in their place must not be shown. */
    broken: z.array(count),
    /** Milliseconds: waiting for the job before; making tensors, the run, and pixels again; all of masks and of the enhancer. */
    durations: z.object({
      staged: milli,
      filled: milli,
      run: milli,
      read: milli,
      masked: milli,
      enhanced: milli,
    }),
  }),
  /** Nothing was run: send these with `source`, then the job again. */
  z.object({ kind: z.literal('sources-missing'), hashes: z.array(hash).min(1) }),
]);
export type GpuJobReply = z.infer<typeof gpuJobReplySchema>;

/** Body of the notice `resident`, each second once it is configured. */
export const gpuResidentSchema = z.strictObject({ bytes: count });
export type GpuResident = z.infer<typeof gpuResidentSchema>;

/** Answers `figures`. */
export const gpuFiguresSchema = z.object({
  residentBytes: count,
  recipes: z.array(z.object({ name: z.string(), bytes: count })),
  sources: z.object({ count, bytes: count }),
  /** Since the start: jobs and crops that were run, and milliseconds in which the thread was at work. */
  jobs: count,
  crops: count,
  busy: milli,
});
export type GpuFigures = z.infer<typeof gpuFiguresSchema>;
