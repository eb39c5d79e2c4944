import { z } from 'zod';
import { TEMPLATES } from '../swap/neural/align/templates.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9_.]*$/);
const side = z.int().min(64).max(1024);
const template = z.enum(TEMPLATES);
/** What a network takes or gives: 0..1, −1..1, or 0..1 less ImageNet's mean and over its deviation. */
const range = z.enum(['unit', 'signed', 'imagenet']);

/** An input or output of a graph. */
const tensorSchema = z.strictObject({
  /** Where the graph has only one input, or output, that one may have any name. */
  name: z.string().min(1),
  /** float is float32 or float16. */
  type: z.enum(['float', 'float64']).default('float'),
  /** `n` is the batch, free or 1. Left out: any. */
  shape: z.array(z.union([z.literal('n'), z.int().positive()])).optional(),
});
export type ContractTensor = z.infer<typeof tensorSchema>;

const copySchema = z.strictObject({
  /** Who published it. */
  by: z.string().min(1),
  sha256: z.hash('sha256').optional(),
  bytes: z.int().positive().optional(),
});

const graphFields = {
  name,
  /** The files that were published under this name, as far as they are known. */
  copies: z.array(copySchema).default([]),
  licence: z.strictObject({
    name: z.string().min(1),
    /** Who made the model. */
    by: z.string().min(1).optional(),
    /** False as well where nobody knows. */
    commercial: z.boolean(),
  }),
  /** Where it is described and offered. */
  page: z.url(),
  /** Where `fetch` gets it. */
  address: z.url().optional(),
  /** Type of nearly all its weights, where models differ in nothing else. */
  weights: z.enum(['float32', 'float16']).optional(),
  /** Extents of the last initializer, which is taken out of the graph. */
  lastInitializer: z.array(z.int().positive()).optional(),
  inputs: z.array(tensorSchema).min(1),
  /** Those that are read, in order; a graph may have more. */
  outputs: z.array(tensorSchema).min(1),
};

const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('embedding'),
    embedder: name,
    converter: name.optional(),
    /** Brought to length 1. */
    normalise: z.boolean(),
    /** Multiplied at last by the graph's last initializer. */
    matrix: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('image'), size: side, template }),
]);

/** A published model: what its file is, who may use it, and what its graph takes and gives. Crops are RGB unless told. */
export const publishedModelSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...graphFields,
    kind: z.literal('swap'),
    size: side,
    template,
    input: range,
    /** What it gives is brought from this range to 0..1 and clipped. */
    output: z.enum(['unit', 'signed']),
    source: sourceSchema,
  }),
  z.strictObject({ ...graphFields, kind: z.literal('embedder'), size: side, template, input: range }),
  /** Takes an embedding as the embedder gives it, not normalised. */
  z.strictObject({ ...graphFields, kind: z.literal('converter'), embedder: name }),
  z.strictObject({
    ...graphFields,
    kind: z.literal('mask'),
    size: side,
    layout: z.enum(['nchw', 'nhwc']),
    colours: z.enum(['rgb', 'bgr']),
    input: range,
    /** A share of what is the face, or a class for each pixel by the largest score. */
    gives: z.enum(['share', 'classes']),
  }),
  z.strictObject({
    ...graphFields,
    kind: z.literal('enhancer'),
    size: side,
    template,
    input: range,
    output: z.enum(['unit', 'signed']),
  }),
]);
export type PublishedModel = z.output<typeof publishedModelSchema>;
/** As it is written down. */
export type ModelEntry = z.input<typeof publishedModelSchema>;
