import type { LocalSwap } from '../local-swap.ts';

/** The least likeness to the identity and the most to the caller that was found, cosines. */
export interface IdentityCosine {
  readonly toIdentity: number;
  readonly toCaller: number;
}

export async function identityCosines(
  _local: LocalSwap,
  _frames: readonly unknown[],
): Promise<IdentityCosine | undefined> {
  return await Promise.resolve(undefined);
}
