import { readdirSync } from 'node:fs';
import { monotonic, type Milli } from '../../../src/time.ts';
import type { GatewayProcess } from '../gateway/gateway-process.ts';

/** Node's setting by which the gateway and its children collect garbage before they tell what they hold (src/held.ts). */
export const COLLECTING = { NODE_OPTIONS: '--expose-gc' };

/** A closed session is let go of within that, also where its caller fell silent (10 s). */
const CLOSED_LIMIT: Milli = 30_000;
/** What only passes, as a request that is answered or a timer of half a second, is not in all of so many looks so far apart. */
const LOOKS = 10;
const PAUSE: Milli = 100;

/** What a gateway and its media workers hold, by name: `heap gateway main`, `descriptors media-0`, `objects media-0 sessions` … */
export type Held = ReadonlyMap<string, number>;

/** What is held now, after a forced collection where the gateway was started with `COLLECTING`. */
export async function readHeld(gateway: GatewayProcess): Promise<Held> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const held = new Map<string, number>();
  for (const [, name, labels, value] of text.matchAll(
    /^guise_(resident|heap|handles|objects)(?:_bytes)?\{(.*)\} (\S+)$/gm,
  )) {
    const values = [...labels!.matchAll(/"([^"]*)"/g)].map(([, label]) => label);
    held.set([name, ...values].join(' '), Number(value));
  }
  for (const pid of gateway.pids) held.set(`descriptors ${pid}`, readdirSync(`/proc/${pid}/fd`).length);
  return held;
}

/** The least that is held once so many objects are, when those of closed sessions are gone. @throws Error if they stay */
export async function readSettled(gateway: GatewayProcess, objects: number): Promise<Held> {
  const limit = monotonic.now() + CLOSED_LIMIT;
  for (;;) {
    const held = await readHeld(gateway);
    if (sumOf(held, 'objects') === objects) return least(gateway);
    if (monotonic.now() > limit) throw new Error(`all sessions must be let go of: ${JSON.stringify([...held])}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

async function least(gateway: GatewayProcess): Promise<Held> {
  const held = new Map(await readHeld(gateway));
  for (let look = 1; look < LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    for (const [name, value] of await readHeld(gateway)) held.set(name, Math.min(value, held.get(name) ?? Infinity));
  }
  return held;
}

/** The sum over processes and threads. */
export function sumOf(held: Held, kind: 'resident' | 'heap' | 'handles' | 'objects' | 'descriptors'): number {
  return [...held].reduce((sum, [name, value]) => (name.startsWith(`${kind} `) ? sum + value : sum), 0);
}
