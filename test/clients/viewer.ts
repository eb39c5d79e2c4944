import type { I420 } from '../../src/media/plane.ts';
import type { LocalSwap } from '../bench/local-swap.ts';
import { judgeFrames, type Shown } from '../browser/studio/judge-frames.ts';
import type { ClipSettings } from '../media/clip.ts';
import type { ShownFrame } from './page/client-page.ts';

/** A page that can be asked: Playwright's of Chromium, or ours of Firefox. */
export interface AskedPage {
  evaluate<Result, Argument>(run: (argument: Argument) => Result, argument: Argument): Promise<Awaited<Result>>;
}

export interface Worn {
  readonly local: LocalSwap;
  readonly clip: ClipSettings;
  readonly identity: `mask:${string}`;
}

/** A kept frame, and how much of the identity and of the caller it shows; `undefined` if it is hidden whole. */
export interface Judged {
  /** `performance.now()` of the page. */
  readonly at: number;
  readonly shown: Shown | undefined;
}

/** Judges a frame that the page keeps. */
export async function judgeKept(page: AskedPage, index: number, worn: Worn): Promise<Judged> {
  const frame = await page.evaluate((at) => window.client.frame(at), index);
  const [shown] = await judgeFrames([{ picture: pictureOf(frame), timestamp: 0 }], worn);
  return { at: frame.at, shown };
}

/** Judges the next few frames of the page. */
export async function judgeNext(page: AskedPage, worn: Worn, count = 3): Promise<Judged[]> {
  await page.evaluate((frames) => window.client.keep(frames), count);
  const judged: Judged[] = [];
  for (let index = 0; index < count; index++) judged.push(await judgeKept(page, index, worn));
  return judged;
}

/** True if the frame shows the identity. */
export function isWorn({ shown }: Judged): boolean {
  return shown !== undefined && shown.toIdentity > 0.6;
}

/** Only its luma is compared. */
function pictureOf({ width, height, luma }: ShownFrame): I420 {
  const y = new Uint8Array(Buffer.from(luma, 'base64'));
  const grey = new Uint8Array(y.length / 4).fill(128);
  return { width, height, y, u: grey, v: grey, strideY: width, strideUv: width / 2 };
}
