import type { Page } from 'playwright-core';
import type { I420 } from '../../../src/media/plane.ts';
import { readStamp } from './stamp.ts';

/** A frame as the page's browser decoded it. */
export interface ReturnedFrame {
  readonly picture: I420;
  /** The browser's time of the frame, microseconds. */
  readonly timestamp: number;
}

/** As it lies in the page. */
interface KeptFrame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly layout: PlaneLayout[];
  readonly width: number;
  readonly height: number;
  readonly format: string | null;
  readonly timestamp: number;
}

declare global {
  interface Window {
    kept: KeptFrame[];
    keeping: Promise<void>;
    /** Chromium's way to raw frames; not in TypeScript's DOM library. */
    MediaStreamTrackProcessor: new (options: { track: MediaStreamTrack }) => { readable: ReadableStream<VideoFrame> };
  }
}

/**
 * Starts to take the frames that a video element of the page shows, whole. They stay in the page until `takeFrames`.
 * @param every keep one frame of so many
 */
export async function keepFrames(page: Page, element: 'swapped' | 'self', count: number, every = 1): Promise<void> {
  await page.evaluate(
    ([id, wanted, step]) => {
      const { srcObject } = document.getElementById(id) as HTMLVideoElement;
      const track = (srcObject as MediaStream).getVideoTracks()[0]!.clone();
      const reader = new window.MediaStreamTrackProcessor({ track }).readable.getReader();
      window.kept = [];
      window.keeping = (async () => {
        for (let seen = 0; window.kept.length < wanted; seen++) {
          const { value: frame } = await reader.read();
          if (!frame) break;
          if (seen % step === 0) {
            const bytes = new Uint8Array(frame.allocationSize());
            const layout = await frame.copyTo(bytes);
            const { format, timestamp, visibleRect } = frame;
            const { width, height } = visibleRect!;
            window.kept.push({ bytes, layout, width, height, format, timestamp });
          }
          frame.close();
        }
        track.stop();
      })();
    },
    [element, count, every] as const,
  );
}

/** Waits until all asked for are there, and fetches them. */
export async function takeFrames(page: Page): Promise<ReturnedFrame[]> {
  const frames = await page.evaluate(async () => {
    await window.keeping;
    const asText = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
      new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve((reader.result as string).split(',')[1] ?? '');
        reader.readAsDataURL(new Blob([bytes]));
      });
    return Promise.all(window.kept.map(async ({ bytes, ...rest }) => ({ ...rest, base64: await asText(bytes) })));
  });
  return frames.map(({ base64, layout, width, height, format, timestamp }) => {
    if (format !== 'I420') throw new Error(`frames must come as I420 [format:${format}]`);
    const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
    const [y, u, v] = layout.map(({ offset }) => bytes.subarray(offset));
    const picture = { width, height, y: y!, u: u!, v: v!, strideY: layout[0]!.stride, strideUv: layout[1]!.stride };
    return { picture, timestamp };
  });
}

/** Waits until the way back shows numbered frames: before a face has been found, the whole picture is hidden. */
export async function untilSwapped(page: Page): Promise<void> {
  for (;;) {
    await keepFrames(page, 'swapped', 1);
    const [frame] = await takeFrames(page);
    if (frame && readStamp(frame.picture) !== undefined) return;
  }
}
