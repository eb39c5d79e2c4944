/**
 * What a pixel thread and the broker say to each other, over a Unix socket between just the two (docs/protocol.md). Crops,
 * sources and new faces are payload; instants are CLOCK_MONOTONIC milliseconds, the same in every process of the host.
 */
import { z } from 'zod';

/** Names of recipes and tiers, as the configuration gives them. */
export const gpuNameSchema = z.string().min(1).max(64);
/** Crops of one frame that can be swapped together: of several faces, or of a large one that is cut more finely. */
export const MAXIMUM_CROPS = 32;
/** Crops wider than this are no swap network's. */
export const MAXIMUM_CROP_SIZE = 1024;
/** SHA-256, hexadecimal. */
export const sourceHashSchema = z.string().regex(/^[0-9a-f]{64}$/);

const lane = z.int().nonnegative();

/** Opens a lane. Refused with recipe_unknown, capacity_full. */
export const openLaneSchema = z.strictObject({
  recipe: gpuNameSchema,
  /** Empty: the first. */
  tier: z.string().max(64),
  /** Empty: nobody's in particular. */
  tenant: z.string().max(128),
  /** Frames a second that will be offered, and faces in each. */
  frameRate: z.number().positive().max(240),
  faces: z.int().min(1).max(MAXIMUM_CROPS),
});
export type OpenLane = z.infer<typeof openLaneSchema>;

/** The lane's number on this connection; width and height of its crops, pixels; how far it is degraded at first. */
export const laneOpenedSchema = z.object({
  lane,
  size: z.int().min(1).max(MAXIMUM_CROP_SIZE),
  level: z.int().nonnegative(),
});

/** Body of the notice `close-lane`. */
export const laneOnlySchema = z.strictObject({ lane });

/** Body of the request `swap`; payload = the crops, then the bytes of those sources that come along. */
export const swapSchema = z.strictObject({
  lane,
  crops: z.int().min(1).max(MAXIMUM_CROPS),
  deadline: z.number().positive(),
  /** How much of the recipe's enhancer they take; 0: it is not run. */
  enhance: z.number().min(0).max(1).default(0),
  /** Of each crop. `bytes` is 0 if the lane's last frame on this connection, or a crop before, had the same. */
  sources: z
    .array(
      z.strictObject({
        hash: sourceHashSchema,
        bytes: z
          .int()
          .min(0)
          .max(16 * 1024 * 1024),
      }),
    )
    .min(1)
    .max(MAXIMUM_CROPS),
});

/**
 * How a frame ended. `swapped`: the payload has each crop's new face, RGB and then mask, all of one size, larger than the crops' where they were
 * enhanced; then, of an enhanced one, what it was made of, as large as its crop. `late`, `replaced`, `thinned`, `closed`: given up before work was spent on it. `lost`: with its GPU worker. `failed`: no worker can run it.
 */
export const FRAME_ENDS = ['swapped', 'late', 'replaced', 'thinned', 'closed', 'lost', 'failed'] as const;
export type FrameEnd = (typeof FRAME_ENDS)[number];
export const swappedSchema = z.object({
  end: z.enum(FRAME_ENDS),
  /** Milliseconds of a GPU worker that went into it; 0 if it was not run. */
  spent: z.number().nonnegative().default(0),
  /** Side of the new faces, pixels; 0 if it was not swapped. */
  size: z.int().nonnegative().default(0),
});

/** Body of the notice `level`: load has changed how far a lane is degraded. */
export const levelSchema = z.strictObject({ lane, level: z.int().nonnegative() });
