import { expect, it } from 'vitest';
import { hammer, type Kind } from './hammer.ts';

/** Gives every reader `count` hostile inputs. What became of them is printed, one line of JSON each, if `report` is set. */
export function holdAgainstHostile(
  kinds: readonly Kind[],
  { count, report = false }: { readonly count: number; readonly report?: boolean },
): void {
  it.each(kinds)('$name', async (kind) => {
    const outcome = await hammer(kind, { count, seed: 1 });
    // Inputs that are all refused, or all taken, would not get far into it.
    expect(Object.keys(outcome.outcomes)).toContain('taken');
    if (report) console.log(JSON.stringify(outcome));
  });
}
