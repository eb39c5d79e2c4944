import { z } from 'zod';
import { SEND_CODECS } from '../media/chunk.ts';
import { recipeNameSchema } from '../swap/neural/recipe.ts';

/**
 * What a frame may show when a face cannot be swapped (docs/privacy.md).
 * `never`: the caller's face is hidden or nothing is sent. `when-no-face`: an empty scene is shown as it is.
 * `always`: the caller may be shown. The last two only where the operator allows them.
 */
export const exposurePolicySchema = z.enum(['never', 'when-no-face', 'always']);
export type ExposurePolicy = z.infer<typeof exposurePolicySchema>;

/** The embedded swap, or a recipe by its name. */
export const swapNameSchema = z.union([z.literal('mesh'), recipeNameSchema]);

export const sendCodecSchema = z.enum(SEND_CODECS);

/** What a session's owner changes while it runs. */
export const lookSchema = z.object({
  /** Identity strength, 0–1. Default 1. */
  opacity: z.number().min(0).max(1).default(1),
  /** Keep the caller's own eyes. Default true. */
  keepEyes: z.boolean().default(true),
  /** Keep the inside of the caller's mouth. Default true. */
  keepMouth: z.boolean().default(true),
  /** How much of the recipe's enhancer is taken, where it has one, 0–1; 0: it is not run. Default 0.8, as FaceFusion's. */
  enhance: z.number().min(0).max(1).default(0.8),
  /** It is run on one frame of so many, 1–8; what it added is carried over to those between. Default 3. */
  enhanceEvery: z.int().min(1).max(8).default(3),
  /** How the new face takes the caller's colours: mean and deviation, the whole histogram, not at all. Default spread. */
  colours: z.enum(['spread', 'histogram', 'off']).default('spread'),
  /** How far its detail is brought to that of the picture, 0–1. Default 0. */
  sharpness: z.number().min(0).max(1).default(0),
  /** What comes before the face, and is not of its skin's colour, stays before it. Default true. */
  front: z.boolean().default(true),
  /** Of a network's face: it ends with the caller's face, not with its crop. Default false. */
  hull: z.boolean().default(false),
  /** Of a network's face: how much of the caller's own mouth is kept, 0–1. Default 0. */
  mouth: z.number().min(0).max(1).default(0),
  /** Of a network's face: share of its crop's side that is cut off at each edge besides, 0–0.1; the mouth stays covered. Default 0. */
  padding: z.number().min(0).max(0.1).default(0),
  /** Of a network's face: how soft the crop's edge is, as the `blur` of a recipe's box, 0–0.4. Default 0: as the recipe has it. */
  blur: z.number().min(0).max(0.4).default(0),
});
export type SessionLook = z.infer<typeof lookSchema>;
/** Of who asks for nothing. */
export const USUAL_LOOK: SessionLook = lookSchema.parse({});

/** How one session is served; fixed or changed by its owner through signalling. */
export const sessionSettingsSchema = z.object({
  /** Exposure policy. Default `never`. */
  policy: exposurePolicySchema.default('never'),
  /** `mesh`, or the name of a recipe of the operator's (docs/neural.md). Default `mesh`. */
  swap: swapNameSchema.default('mesh'),
  /** Whom overload of the swap networks reaches last: a configured tier; and whose sessions are limited together. Default nobody's. */
  tier: z.string().max(64).default(''),
  tenant: z.string().max(128).default(''),
  /** From decodable to sent, milliseconds, 20–500. Default 66; a gateway gives sessions with a recipe 80. */
  budget: z.number().min(20).max(500).default(66),
  /** How many faces are swapped, 0–8; all others are hidden. Default 1. */
  faces: z.int().min(0).max(8).default(1),
  ...lookSchema.shape,
  /** Draw the "AI MODIFIED" mark. Default true; turning it off needs the operator's leave. */
  label: z.boolean().default(true),
  /** Longest side of a picture that is accepted, pixels, 160–1920. Default 1280. */
  maximumSide: z.int().min(160).max(1920).default(1280),
  /** It goes to viewers, and never back to who sends it. Default false. */
  watched: z.boolean().default(false),
  /** Codec for the way back; `undefined` = the first of the offer that Guise can send. */
  codec: sendCodecSchema.optional(),
  /** Most bits a second for the way back, 100,000–20,000,000. Default 2,500,000. */
  bitrate: z.int().min(100_000).max(20_000_000).default(2_500_000),
  /** Temporal layers of the way back in VP8 and VP9, 1–3. Default 1: a caller's own way back gains nothing by them. */
  temporalLayers: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(1),
});
export type SessionSettings = z.infer<typeof sessionSettingsSchema>;
