import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../../src/session/transport/transport-settings.ts';
import { BROWSER_SKIPPED } from '../chromium.ts';
import { EchoCalls, reach } from '../echo-calls.ts';

describe.skipIf(BROWSER_SKIPPED).each(TRANSPORTS)('a call of a real Chromium by %s, echoed chunk by chunk,', (name) => {
  let calls: EchoCalls;
  beforeAll(async () => {
    calls = await EchoCalls.open(name);
  });
  afterAll(() => calls?.close());

  it('plays at the camera’s rate, with sound, and Chromium’s estimate of the way rises', async () => {
    await calls.withCall({}, async (page, server) => {
      const figures = await reach(
        page,
        ({ framesPerSecond, framesDecoded, available, soundEnergy }) =>
          framesPerSecond >= 27 && framesDecoded >= 90 && available > 1_000_000 && soundEnergy > 0,
      );
      expect(figures.packetsLost).toBe(0);
      expect(figures.soundPackets).toBeGreaterThan(100);
      const { drops, codec, roundTrip } = server.figures.at(-1) ?? {};
      expect({ drops, codec }).toEqual({ drops: {}, codec: 'vp8' });
      expect(roundTrip).not.toBeNull();
    });
  });
});
