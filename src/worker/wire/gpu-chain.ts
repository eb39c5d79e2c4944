/** What a recipe may name beside its swap network: networks for its masks, and one that enhances the new face. */
import { z } from 'zod';
import { TEMPLATES } from '../../swap/neural/align/templates.ts';

const side = z.int().min(8).max(1024);
const file = z.string().min(1);
const range = z.enum(['unit', 'signed', 'imagenet']);
const template = z.enum(TEMPLATES);

/**
 * A network that says of each pixel of a crop whether the new face is to be seen there: one input, under any name, [1, 3, size, size]
 * (or [1, size, size, 3]), float32 or float16.
 */
export const maskNetworkSchema = z.strictObject({
  /** Path of the ONNX file. */
  file,
  /** Side of what it takes and gives, pixels. */
  size: side,
  layout: z.enum(['nchw', 'nhwc']),
  colours: z.enum(['rgb', 'bgr']),
  input: range,
  gives: z.discriminatedUnion('kind', [
    /** What is in front of the face: 0 there, 1 on the face. Looks at the crop as it came. */
    z.strictObject({ kind: z.literal('occlusion') }),
    /** A score for each of `count` classes, [1, count, size, size]; the face is where one of `face` scores highest. Looks at the new face. */
    z.strictObject({
      kind: z.literal('region'),
      count: z.int().min(2).max(256),
      face: z.array(z.int().min(0).max(255)).min(1).max(256),
    }),
  ]),
});
export type MaskNetworkOptions = z.infer<typeof maskNetworkSchema>;

/**
 * A network that draws a face more finely: one input, under any name, [1, 3, size, size], RGB, and perhaps `weight`, a float64; it gives
 * [1, 3, size, size].
 */
export const enhancerNetworkSchema = z.strictObject({
  file,
  size: side,
  /** How what it takes is aligned. */
  template,
  input: range,
  output: z.enum(['unit', 'signed']),
  /** Of the input `weight`, if it has one: how true to its input it stays. Default 0.5. */
  weight: z.number().min(0).max(1).default(0.5),
  /** Side of an enhanced crop, pixels. Default 256. */
  gives: side.default(256),
});
export type EnhancerNetworkOptions = z.infer<typeof enhancerNetworkSchema>;

const share = z.number().min(0).max(1);

/** The mask that every recipe has: all of the crop but a soft edge, as FaceFusion's box mask. */
export const boxSchema = z.strictObject({
  /** Width of the soft edge, as a share of the side's half. Default 0.3. */
  blur: share.default(0.3),
  /** Shares of the side that are cut off: top, right, bottom, left. Default none. */
  padding: z.tuple([share, share, share, share]).default([0, 0, 0, 0]),
});
