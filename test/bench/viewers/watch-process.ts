/** All viewers of the bench, in a process of their own: what they cost is none of the gateway's. */
import type { Milli } from '../../../src/time.ts';
import { Watcher, type Watched } from './watcher.ts';

export type ToWatch =
  { readonly type: 'watch'; readonly endpoint: string; readonly count: number } | { readonly type: 'begin' | 'end' };
export type FromWatch =
  { readonly type: 'watching' | 'begun' } | { readonly type: 'watched'; readonly all: readonly Watched[] };

/** Viewers that connect at once: handshakes are heavy, and who waits too long for one gives up. */
const AT_ONCE = 4;
const FEEDBACK_INTERVAL: Milli = 100;
/** Viewers tell in turns, so that not all feedback comes at once. */
const TURNS = 10;

const watchers: Watcher[] = [];
let turn = 0;

function tell(message: FromWatch): void {
  process.send?.(message);
}

async function watch(endpoint: string, count: number): Promise<void> {
  for (let opened = 0; opened < count; opened += AT_ONCE) {
    const openings = Array.from({ length: Math.min(AT_ONCE, count - opened) }, () => Watcher.open(endpoint));
    watchers.push(...(await Promise.all(openings)));
  }
  tell({ type: 'watching' });
}

setInterval(() => {
  turn = (turn + 1) % TURNS;
  for (let i = turn; i < watchers.length; i += TURNS) watchers[i]?.tell();
}, FEEDBACK_INTERVAL / TURNS);

process.on('message', (message: ToWatch) => {
  if (message.type === 'watch') void watch(message.endpoint, message.count);
  else if (message.type === 'begin') {
    for (const watcher of watchers) watcher.reset();
    tell({ type: 'begun' });
  } else tell({ type: 'watched', all: watchers.map(({ watched }) => watched) });
});
process.on('disconnect', () => process.exit(0));
