/** What the gateway and its broker say to each other, over the wire of a child (docs/protocol.md, "Between gateway and broker"). */
import { z } from 'zod';
import { gpuSchema } from '../../config/gpu.ts';
import { profileTableSchema, providerSchema } from './gpu-protocol.ts';

const count = z.int().nonnegative();
const amount = z.number().nonnegative();

/** First request to a broker. Answered when pixel threads can connect and a GPU worker is ready. */
export const configureBrokerSchema = z.strictObject({
  /** Path of the Unix socket on which it listens, in a folder of the gateway's. */
  socket: z.string().min(1).max(107),
  gpu: gpuSchema,
});
export type BrokerSettings = z.infer<typeof configureBrokerSchema>;

/** How a GPU is, as its driver tells; null what it does not tell. */
const cardSchema = z.object({
  /** Share of time in which something ran, 0–1. */
  utilisation: amount.nullable(),
  memoryUsedBytes: amount.nullable(),
  memoryTotalBytes: amount.nullable(),
  /** Degrees Celsius. */
  temperature: z.number().nullable(),
  throttled: z.boolean().nullable(),
});
export type CardFigures = z.infer<typeof cardSchema>;

const workerSchema = z.object({
  state: z.enum(['starting', 'running', 'waiting', 'closed']),
  pid: count.nullable(),
  /** How often it was lost or did not start. */
  replaced: count,
  /** Why the last one was lost; null before that. */
  lost: z.string().max(256).nullable(),
  /** Whether it is given work, rather than being spare or loading. */
  works: z.boolean(),
  /** Batch sizes of all recipes that it is not warm for yet: their batches are filled up to larger ones. */
  missing: count,
});

/** Body of the notice `figures`, each second. Counts are since the broker started. */
export const brokerFiguresSchema = z.object({
  /** The execution provider that was seen to run the networks; null before that. */
  provider: providerSchema.nullable(),
  gpus: z.array(
    z.object({
      device: count,
      workers: z.array(workerSchema),
      /** Whether its workers are really behind an MPS daemon, and whose. */
      mps: z.enum(['none', 'started', 'attached']),
      /** What its open lanes need of what it was measured to do, 1 being all; null while it has no worker. */
      load: amount.nullable(),
      card: cardSchema.nullable(),
    }),
  ),
  lanes: count,
  /** Frames by how they ended; `offered` all that came, `onTime` those swapped by their deadline. */
  offered: count,
  onTime: count,
  ends: z.record(z.string().max(32), count),
  /** Batches by their crops. */
  batches: z.record(z.string().max(8), count),
  /** What open lanes need of what the GPUs were measured to do; 1 is all. */
  load: amount,
  recipes: z.array(
    z.object({
      name: z.string().max(64),
      /** Faces a second that all GPUs together were measured to swap, at their best batch. */
      facesPerSecond: amount,
      /** The same without its enhancer, if it has one. */
      plainFacesPerSecond: amount.optional(),
      table: profileTableSchema,
    }),
  ),
  /** Milliseconds of GPU workers by whom they were spent on. */
  spent: z.array(z.object({ tier: z.string().max(64), tenant: z.string().max(128), milliseconds: amount })).max(1024),
});
export type BrokerFigures = z.infer<typeof brokerFiguresSchema>;
