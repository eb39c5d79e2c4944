import { WorkPicture } from '../../codec/work-picture.ts';
import { assert } from '../../errors.ts';
import type { Chunk } from '../../media/chunk.ts';
import { allocI420, type I420 } from '../../media/plane.ts';
import { MASKS } from '../../swap/masks/paint.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import { threadTime, type Milli } from '../../time.ts';
import type { FrameCost } from '../pixel.ts';
import { USUAL_LOOK, type SessionSettings } from '../settings.ts';
import { PixelSession } from './pixel-session.ts';
import type { PixelParts } from './pixel-thread.ts';

/**
 * Frames that go through. After some 20 of the first codec what a frame runs through is compiled and the models' memory laid out;
 * of the second one only its own decoder and encoder are cold.
 */
const FRAMES = { vp8: 30, h264: 14 } as const;
/** The last so many of each codec are measured: by then nothing is cold. */
const MEASURED = 10;
/** Frames encoded for them; they are played again and again. */
const ENCODED = 10;
const WIDTH = 640;
const HEIGHT = 480;
const SKIN = { y: 150, u: 108, v: 152 } as const;

/** Nothing may be dropped here: cold frames take hundreds of milliseconds. */
const SETTINGS: SessionSettings = {
  policy: 'never',
  swap: 'mesh',
  tier: '',
  tenant: '',
  budget: 500,
  faces: 1,
  ...USUAL_LOOK,
  label: true,
  maximumSide: 1920,
  bitrate: 1_500_000,
  temporalLayers: 1,
  watched: false,
};

/** What warming up has shown. */
export interface WarmUp {
  /** How many of the 44 frames came out swapped. */
  readonly swapped: number;
  readonly cost: FrameCost;
}

/**
 * Sends frames through decoders, tracker, swap and both encoders before a thread takes its first call: the first frames of
 * a cold thread take 100 ms and more. About a second.
 */
export async function warmUp(parts: PixelParts): Promise<WarmUp> {
  const mask = parts.mask(MASKS[0]!.name);
  assert(mask, 'there are painted masks');
  const cost = { vp8: 0, h264: 0 };
  let swapped = 0;
  for (const codec of ['vp8', 'h264'] as const) {
    const chunks = encodeFace(parts, codec, mask);
    let now = 0;
    let failure: unknown;
    const session = new PixelSession(
      'warm-up',
      {
        ...parts,
        // What a frame costs is measured in this thread, and in the one of its models.
        encodesAside: false,
        clock: { now: () => now },
        poll: () => undefined,
        tracker: parts.createTracker(1),
        encoder: parts.createEncoder(codec, { bitrate: SETTINGS.bitrate }),
        createSmallEncoder: (bitrate) => parts.createEncoder(codec, { bitrate }),
        onFailed: (error) => (failure = error),
        send: (message) => {
          if (message.type === 'chunk' && message.outcome === 'swapped') swapped++;
        },
      },
      SETTINGS,
    );
    session.wear(mask);
    let measuredFrom: Milli = 0;
    for (let frame = 0; frame < FRAMES[codec]; frame++, now += 1000 / 30) {
      if (frame === FRAMES[codec] - MEASURED) measuredFrom = await timeTaken(parts);
      const chunk = chunks[frame % ENCODED]!;
      session.put({ ...chunk, timestamp: frame * 3000, decodable: now });
      await session.step();
      await session.idle();
      if (failure !== undefined) throw failure;
    }
    cost[codec] = ((await timeTaken(parts)) - measuredFrom) / MEASURED;
    session.close();
  }
  return { swapped, cost };
}

/** Processor time that frames have taken so far. */
async function timeTaken({ timeAside }: PixelParts): Promise<Milli> {
  return threadTime() + (await timeAside());
}

function encodeFace(parts: PixelParts, codec: 'vp8' | 'h264', mask: PreparedIdentity): Chunk[] {
  const encoder = parts.createEncoder(codec, { bitrate: SETTINGS.bitrate });
  const work = new WorkPicture();
  const chunks: Chunk[] = [];
  for (let frame = 0; frame < ENCODED; frame++) {
    work.load(facePicture(mask, frame));
    const { data, keyframe } = encoder.encode(work, { keyframe: frame === 0, timestamp: frame * 3000 });
    chunks.push({ codec, data, keyframe, timestamp: 0, decodable: 0, referenced: true });
  }
  encoder.close();
  work.close();
  return chunks;
}

/**
 * A picture in which trackers find a face though nobody was ever photographed for it: a mask's face on a head-sized oval of
 * skin in front of grey, a little further to the right with each frame.
 */
export function facePicture(mask: PreparedIdentity, frame: number): I420 {
  const picture = allocI420(WIDTH, HEIGHT);
  picture.y.fill(90);
  const left = (WIDTH - mask.width) / 2 + frame * 2;
  const top = (HEIGHT - mask.height) / 2;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const dx = (x - left - mask.width / 2) / (mask.width * 0.42);
      const dy = (y - top - mask.height / 2) / (mask.height * 0.56);
      if (dx * dx + dy * dy > 1) continue;
      const [mx, my] = [x - left, y - top];
      const painted = my >= 0 && my < mask.height && (dx * dx) / 0.8 + (dy * dy) / 0.7 < 1;
      const from = painted ? my * mask.width + mx : -1;
      picture.y[y * picture.strideY + x] = mask.y[from] ?? SKIN.y;
      const chroma = (y >> 1) * picture.strideUv + (x >> 1);
      picture.u[chroma] = mask.u[from] ?? SKIN.u;
      picture.v[chroma] = mask.v[from] ?? SKIN.v;
    }
  }
  return picture;
}
