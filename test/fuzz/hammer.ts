import { GatewayError } from '../../src/errors.ts';
import { monotonic, type Milli } from '../../src/time.ts';
import { Random } from '../media/random.ts';
import { Mutator } from './mutator.ts';

/**
 * Makes one hostile input and gives it to the reader. Gives what became of it in a word, `taken` if it is nothing. Throws what
 * the reader throws, or if what that gives is out of bounds.
 */
export type Attack = (mutator: Mutator) => unknown;

/** One reader of bytes of strangers. */
export interface Kind {
  readonly name: string;
  /** Makes it ready. It may keep state from one input to the next. */
  readonly open: () => Attack | Promise<Attack>;
  /** Whether its contract has it throw this. Default: a GatewayError. */
  readonly throws?: (error: unknown) => boolean;
  /** Of the inputs the share that it is given, where each opens sockets and threads. Default 1. */
  readonly share?: number;
}

/** What became of the inputs. */
export interface Outcome {
  readonly kind: string;
  readonly count: number;
  /** By word, code of a GatewayError, or name of another error. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** What the slowest input took, and its seed. */
  readonly slowest: Milli;
  readonly slowestSeed: number;
  readonly seconds: number;
}

/** Gives a reader `count` hostile inputs. @throws Error with the input if the reader breaks its contract */
export async function hammer(
  { name, open, throws = (error) => error instanceof GatewayError, share = 1 }: Kind,
  { count: asked, seed }: { readonly count: number; readonly seed: number },
): Promise<Outcome> {
  const count = Math.ceil(asked * share);
  const attack = await open();
  const outcomes: Record<string, number> = {};
  const begin = monotonic.now();
  let [slowest, slowestSeed] = [0, seed];
  for (let index = 0; index < count; index++) {
    const mutator = new Mutator(new Random(seed + index));
    const started = monotonic.now();
    let outcome = 'taken';
    try {
      const given = attack(mutator);
      const word: unknown = given instanceof Promise ? await given : given;
      if (typeof word === 'string') outcome = word;
    } catch (error) {
      if (!throws(error)) throw broken(name, mutator, { seed: seed + index, cause: error });
      outcome = error instanceof GatewayError ? error.code : (error as Error).name;
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    const took = monotonic.now() - started;
    if (took > slowest) [slowest, slowestSeed] = [took, seed + index];
  }
  const seconds = (monotonic.now() - begin) / 1000;
  return { kind: name, count, outcomes, slowest: round(slowest), slowestSeed, seconds: round(seconds) };
}

/** A promise of the reader's that an input has shown to be none. */
export function mustHold(condition: boolean, what: string): void {
  if (!condition) throw new BoundBroken(what);
}

class BoundBroken extends Error {
  override readonly name = 'BoundBroken';
}

function broken(kind: string, { last }: Mutator, { seed, cause }: { seed: number; cause: unknown }): Error {
  const input = typeof last === 'string' ? JSON.stringify(last.slice(0, 2000)) : Buffer.from(last).toString('hex');
  return new Error(`${kind} must keep its contract [seed:${seed}] [cause:${String(cause)}] [input:${input}]`, {
    cause,
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
