import { z } from 'zod';

/** What is remembered of a file: how it was prepared, or why it is run as it is. */
export const keptSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('prepared'),
    /** Path of the file that it was made of. */
    source: z.string(),
    /** Name in the folder. */
    file: z.string(),
    ends: z.enum(['floats', 'bytes']),
    sha256: z.string(),
    preparation: z.string(),
  }),
  z.object({ kind: z.literal('refused'), reason: z.string() }),
  /** It was begun so often, and never ended. */
  z.object({ kind: z.literal('begun'), times: z.int() }),
]);
export type Kept = z.infer<typeof keptSchema>;
