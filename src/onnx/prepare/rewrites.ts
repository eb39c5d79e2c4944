/**
 * What can be done to a graph, in the order in which it is done: its batch is freed, instance norms become one node each, scale and shift
 * of the source go into them, the products that ask for those become one, weights and features become halves, and its ends take and give
 * bytes.
 */
export const REWRITES = ['batch', 'norms', 'styles', 'products', 'half', 'bytes'] as const;
export type Rewrite = (typeof REWRITES)[number];

/** Those that give the same but for the rounding of single numbers. */
export const USUAL_REWRITES: readonly Rewrite[] = REWRITES.filter((name) => name !== 'half');
