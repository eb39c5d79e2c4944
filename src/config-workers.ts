import { z } from 'zod';

const megabytes = z.int().min(1).max(1_048_576).nullable().default(null);

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
