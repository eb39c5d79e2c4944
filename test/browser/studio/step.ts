import type { Page } from 'playwright-core';

/** When flashes were seen and beeps were heard, milliseconds of the page's clock. */
interface Seen {
  readonly flashes: number[];
  readonly beeps: number[];
}

declare global {
  /** Chromium's, not yet in TypeScript's library (https://w3c.github.io/mediacapture-transform/). */
  class MediaStreamTrackProcessor<T> {
    constructor(init: { track: MediaStreamTrack });
    readonly readable: ReadableStream<T>;
  }
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
 * the way there and the way back, so that what the detectors themselves add cancels out. They read the tracks: a video
 * element shows a frame at the next refresh of the screen only, up to 17 ms later, and once for each of the two ways.
 */
export async function watchStep(page: Page): Promise<void> {
  await page.evaluate(() => {
    const tracksOf = (id: 'self' | 'swapped'): MediaStream =>
      (document.getElementById(id) as HTMLVideoElement).srcObject as MediaStream;
    const readerOf = <T extends VideoFrame | AudioData>(track: MediaStreamTrack | undefined) =>
      new MediaStreamTrackProcessor<T>({ track: track! }).readable.getReader();
    const corner = async (id: 'self' | 'swapped', flashes: number[]): Promise<void> => {
      const reader = readerOf<VideoFrame>(tracksOf(id).getVideoTracks()[0]);
      let bright = true;
      for (;;) {
        const { value: frame, done } = await reader.read();
        if (done) return;
        const at = performance.now();
        const rect = { x: 16, y: 16, width: 2, height: 2 };
        const luma = new Uint8Array(frame.allocationSize({ rect }));
        const [plane] = await frame.copyTo(luma, { rect });
        frame.close();
        const now = luma[plane!.offset]! > 128;
        if (now && !bright) flashes.push(at);
        bright = now;
      }
    };
    const ear = async (id: 'self' | 'swapped', beeps: number[]): Promise<void> => {
      const reader = readerOf<AudioData>(tracksOf(id).getAudioTracks()[0]);
      let loudAt = 0;
      for (;;) {
        const { value: sound, done } = await reader.read();
        if (done) return;
        const now = performance.now();
        const samples = new Float32Array(sound.numberOfFrames);
        sound.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
        const from = samples.findIndex((sample) => Math.abs(sample) > 0.05);
        const at = now - ((samples.length - from) / sound.sampleRate) * 1000;
        sound.close();
        if (from < 0) continue;
        if (at - loudAt > 300) beeps.push(at);
        loudAt = at;
      }
    };
    const watch = (id: 'self' | 'swapped'): Seen => {
      const seen: Seen = { flashes: [], beeps: [] };
      void corner(id, seen.flashes);
      void ear(id, seen.beeps);
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
