/** The short form of test/long/soak.test.ts: what sessions open goes with them. */
import { expect, test } from 'vitest';
import { benchCycles } from '../bench/soak/cycles.ts';

/** Against a hang: on two idle cores it takes some 10 s, on busy ones many times that. */
const LIMIT = 240_000;

test.each(['werift', 'libdatachannel'] as const)(
  'callers, publishers and viewers by %s leave no session, picture, codec, handle or descriptor behind',
  async (transport) => {
    const settings = { GUISE_PIXEL_THREADS: '1' };
    const { left } = await benchCycles({ cycles: 3, warmUp: 1, looks: 1, photo: false, transport, seed: 3, settings });
    // Less may be left than at the beginning: the photo thread, which painted the masks, goes when it is idle.
    expect(left.objects).toBe(0);
    expect(left.handles).toBeLessThanOrEqual(0);
    expect(left.descriptors).toBeLessThanOrEqual(0);
  },
  LIMIT,
);
