import { getHeapStatistics } from 'node:v8';

/** What a thread holds. */
export interface ThreadHeld {
  /** Of its JavaScript heap, and of memory outside that objects of the heap own. */
  readonly heapBytes: number;
  /** What keeps its event loop alive: sockets, timers, ports. */
  readonly handles: number;
}

/**
 * What the calling thread holds now. Where Node runs with --expose-gc, as the long tests start it, garbage is collected first,
 * so that what does not go away is seen.
 */
export function threadHeld(): ThreadHeld {
  globalThis.gc?.();
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return { heapBytes: used + external, handles: process.getActiveResourcesInfo().length };
}
