import { PictureScaler } from '../../src/codec/picture-scaler.ts';
import { WorkPicture } from '../../src/codec/work-picture.ts';
import { SEND_CODECS } from '../../src/media/chunk.ts';
import { turnI420 } from '../../src/media/turn.ts';
import { Ladder } from '../../src/session/pixel/ladder.ts';
import { monotonic, type Milli } from '../../src/time.ts';
import { movingPicture } from '../support/moving-picture.ts';
import { quantile, round } from './quantile.ts';

const SCALES = [
  [1920, 1080, 1280, 720],
  [1920, 1080, 960, 540],
  [1280, 720, 960, 540],
  [1280, 720, 640, 360],
] as const;
const TURNS = [1, 2, 3] as const;
const WARM_UP = 20;
const RUNS = 200;
/** Bits a second that the ladder is looked up for. */
const BITRATES = [2_000_000, 1_500_000, 1_000_000, 750_000, 500_000, 350_000, 250_000, 150_000];

/** The JSON of `bench sizes`. */
export interface SizeFigures {
  /** Milliseconds (p50) to make a picture smaller, by sizes. */
  readonly scaleMs: Record<string, number>;
  /** Milliseconds (p50) to turn 1280 × 720, by degrees. */
  readonly turnMs: Record<string, number>;
  /** What is sent of 720p30 talking heads, by codec and kbit/s. */
  readonly ladder: Record<string, Record<string, string>>;
}

/** What it takes to send a picture in another size or another way up, and when that is done. No models, no network. */
export function benchSizes(): SizeFigures {
  return { scaleMs: scales(), turnMs: turns(), ladder: ladders() };
}

function scales(): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const [width, height, toWidth, toHeight] of SCALES) {
    const [from, into, scaler] = [new WorkPicture(), new WorkPicture(), new PictureScaler()];
    from.load(movingPicture(width, height, 1));
    const size = { width: toWidth, height: toHeight };
    figures[`${height} to ${toHeight}`] = median(() => scaler.scale(from, into, size));
    scaler.close();
    from.close();
    into.close();
  }
  return figures;
}

function turns(): Record<string, number> {
  const [lying, upright] = [new WorkPicture(), new WorkPicture()];
  lying.load(movingPicture(1280, 720, 1));
  const figures: Record<string, number> = {};
  for (const quarter of TURNS) {
    if (quarter === 2) upright.resize(1280, 720);
    else upright.resize(720, 1280);
    figures[String(quarter * 90)] = median(() => turnI420(lying.picture, quarter, upright.picture));
  }
  lying.close();
  upright.close();
  return figures;
}

function ladders(): Record<string, Record<string, string>> {
  const input = { width: 1280, height: 720, frameRate: 30 };
  const table = SEND_CODECS.map((codec) => {
    const steps = BITRATES.map((bitrate) => {
      const { height, frameRate } = new Ladder(codec, bitrate).step(input, 0);
      return [String(bitrate / 1000), `${height}p${frameRate}`] as const;
    });
    return [codec, Object.fromEntries(steps)] as const;
  });
  return Object.fromEntries(table);
}

function median(run: () => unknown): Milli {
  const times: Milli[] = [];
  for (let i = 0; i < WARM_UP + RUNS; i++) {
    const started = monotonic.now();
    run();
    if (i >= WARM_UP) times.push(monotonic.now() - started);
  }
  return round(quantile(times, 0.5));
}
