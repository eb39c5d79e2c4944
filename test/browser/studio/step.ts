import type { Page } from 'playwright-core';

/** When flashes were seen and beeps were heard, milliseconds of the page's clock. */
interface Seen {
  readonly flashes: number[];
  readonly beeps: number[];
}

declare global {
  interface Window {
    watched: Record<'self' | 'swapped', Seen>;
  }
}

/** How far sound and picture moved apart on the way, for each flash, in milliseconds; positive: the picture is later. */
export interface Step {
  readonly skews: readonly number[];
  /** How long the browser held a frame of the way back in its jitter buffer, milliseconds, mean. */
  readonly jitterBuffer: number;
}

/**
 * Watches both videos for flashes (upper left corner) and both sounds for beeps, at the same places of the browser for
 * the way there and the way back, so that what the detectors themselves add cancels out.
 */
export async function watchStep(page: Page): Promise<void> {
  await page.evaluate(() => {
    const context = new AudioContext({ latencyHint: 'interactive' });
    const corner = (id: 'self' | 'swapped', flashes: number[]): void => {
      const video = document.getElementById(id) as HTMLVideoElement;
      const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
      let bright = true;
      const look: VideoFrameRequestCallback = (_, { expectedDisplayTime }) => {
        canvas.drawImage(video, 8, 8, 16, 16, 0, 0, 1, 1);
        const now = canvas.getImageData(0, 0, 1, 1).data[0]! > 128;
        if (now && !bright) flashes.push(expectedDisplayTime);
        bright = now;
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    };
    const ear = (id: 'self' | 'swapped', beeps: number[]): void => {
      const { srcObject } = document.getElementById(id) as HTMLVideoElement;
      const source = context.createMediaStreamSource(srcObject as MediaStream);
      const tap = context.createScriptProcessor(256, 1, 1);
      let loudAt = 0;
      tap.onaudioprocess = ({ inputBuffer, playbackTime }) => {
        const samples = inputBuffer.getChannelData(0);
        const from = samples.findIndex((sample) => Math.abs(sample) > 0.05);
        if (from < 0) return;
        const { contextTime = 0, performanceTime = 0 } = context.getOutputTimestamp();
        const at = (playbackTime + from / context.sampleRate - contextTime) * 1000 + performanceTime;
        if (at - loudAt > 300) beeps.push(at);
        loudAt = at;
      };
      source.connect(tap);
      tap.connect(context.destination);
    };
    const watch = (id: 'self' | 'swapped'): Seen => {
      const seen: Seen = { flashes: [], beeps: [] };
      corner(id, seen.flashes);
      ear(id, seen.beeps);
      return seen;
    };
    window.watched = { self: watch('self'), swapped: watch('swapped') };
  });
}

/** Waits until `count` flashes and beeps came back, and compares. */
export async function readStep(page: Page, count: number): Promise<Step> {
  await page.waitForFunction(
    (wanted) => window.watched.swapped.flashes.length >= wanted && window.watched.swapped.beeps.length >= wanted,
    count,
    { timeout: 0 },
  );
  const { self, swapped } = await page.evaluate(() => window.watched);
  const pictureTook = delays(self.flashes, swapped.flashes);
  const soundTook = delays(self.beeps, swapped.beeps);
  const skews = pictureTook.flatMap(({ at, took }) => {
    const sound = soundTook.find((beep) => Math.abs(beep.at - at) < 500);
    return sound ? [took - sound.took] : [];
  });
  return { skews, jitterBuffer: await jitterBuffer(page) };
}

/** For each event on the way there: how long until it came back. Events are a second apart, the way is shorter. */
function delays(there: readonly number[], back: readonly number[]): { at: number; took: number }[] {
  return there.flatMap((at) => {
    const returned = back.find((time) => time >= at - 50 && time < at + 900);
    return returned === undefined ? [] : [{ at, took: returned - at }];
  });
}

async function jitterBuffer(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const reports = await Promise.all(window.peers.map(async (peer) => [...(await peer.getStats()).values()]));
    const inbound = reports.flat().find((report) => report.type === 'inbound-rtp' && report.kind === 'video');
    return (1000 * inbound.jitterBufferDelay) / inbound.jitterBufferEmittedCount;
  });
}
