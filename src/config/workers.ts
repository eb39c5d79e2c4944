import { z } from 'zod';

const megabytes = z.int().min(1).max(1_048_576).nullable().default(null);

/** What senders may send. Its pixels are a setting of each session (`maximumSide`). */
export const limitsSchema = z.strictObject({
  frameRate: z.int().min(1).max(240).default(65).describe('Frames a second that a sender may send, 1–240. Default 65.'),
  bitrate: z
    .int()
    .min(100_000)
    .max(100_000_000)
    .default(20_000_000)
    .describe('Bits of video a second that a sender may send, 100,000–100,000,000. Default 20,000,000.'),
  decodeMilliseconds: z
    .int()
    .min(10)
    .max(2_000)
    .default(250)
    .describe(
      'Time that decoding a picture may take, ms, 10–2000; of five in a row none may take longer. Default 250.',
    ),
});

/** What a media worker may hold (docs/lifecycle.md). */
export const memorySchema = z
  .strictObject({
    softMegabytes: megabytes.describe(
      'A media worker that stays above it (resident memory, MiB) takes no new sessions and is replaced once its last ' +
        'has ended. Default 1024 and 256 for each of its pixel threads.',
    ),
    hardMegabytes: megabytes.describe(
      'A media worker above it (resident memory, MiB) is ended and replaced at once. Default 1.5 × the soft limit.',
    ),
    retireMinutes: z
      .number()
      .min(0)
      .max(1440)
      .default(10)
      .describe('Sessions of a media worker above its soft limit may go on for so long, minutes, 0–1440. Default 10.'),
  })
  .refine(({ softMegabytes: soft, hardMegabytes: hard }) => soft === null || hard === null || soft <= hard, {
    error: 'softMegabytes must not be above hardMegabytes',
  });
