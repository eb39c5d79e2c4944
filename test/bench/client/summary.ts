import type { Milli } from '../../../src/time.ts';
import type { Clip, ClipSettings } from '../../media/clip.ts';
import { referenceOf, type ReferenceFrame } from '../judge/reference.ts';
import { judge, ReturnedPictures, type Verdict } from '../judge/verdict.ts';
import { LocalSwap } from '../local-swap.ts';
import type { LoadOrder, LoadResult, StreamRecord, Told } from './protocol.ts';
import type { Repair, ReturnedFrame, SentFrame, Stream } from './stream.ts';

/** A frame is on time within this, whatever its budget: two frame periods at 30 a second; over a spoiled way, this. */
const ON_TIME: Milli = 66;
const ON_TIME_IMPAIRED: Milli = 400;
/** Of this many returned frames one is held against the whole picture that was sent. */
const LOOK_EVERY = 15;
/** Least PSNR of what is not head or label, dB. */
const LEAST_BACKGROUND = 30;

/** What the gateway told of a stream's frames, which is all that is known of those swapped by a recipe. */
export interface ToldOutcomes {
  /** Frames of the measured time that were sent without a swap of their own: hidden, or wearing that of the frame before. */
  unswapped: number;
  /** When it first told of a swapped frame, at most a second after it; NaN: never. */
  firstSwapped: Milli;
  /** What it told each second, if that is recorded. */
  readonly seconds: Told[];
}

interface Measured {
  readonly from: Milli;
  readonly to: Milli;
  readonly clientLoopP99: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly outcomes: readonly ToldOutcomes[];
  /** Whose sessions were over before. */
  readonly ended: readonly boolean[];
  readonly refused: number;
}

interface Judged extends Verdict {
  readonly frame: ReturnedFrame;
}

/** Decodes and judges what came back, after the measured time so that it costs the run nothing. */
export async function summarise(
  order: LoadOrder,
  settings: ClipSettings,
  clip: Clip,
  streams: readonly Stream[],
  { from, to, clientLoopP99, drops, outcomes, ended, refused }: Measured,
): Promise<LoadResult> {
  const reference = await referenceFor(order, settings, clip);
  const perStream = streams.map((stream, index) => {
    const judged = judgeStream(clip, stream, reference);
    const swapped = new Set(judged.verdicts.filter((verdict) => verdict.swapped).map(({ frame }) => frame.input));
    const sent = stream.sent.filter((frame) => frame.sent >= from && frame.sent < to);
    const back = sent.filter((frame) => frame.back !== undefined);
    const inTime = sent.filter((frame) => latencyOf(frame) <= limitOf(order));
    const told = outcomes[index]!;
    const byRecipe = order.recipe !== undefined;
    const onTime = byRecipe
      ? Math.max(0, inTime.length - told.unswapped)
      : inTime.filter((frame) => swapped.has(frame)).length;
    const firstJudged = judged.verdicts.find((verdict) => verdict.swapped)?.frame.back ?? NaN;
    const first = byRecipe ? told.firstSwapped : firstJudged;
    const record = recordOf(sent, told, ended[index]!);
    return { ...judged, sent, back, onTime, record, firstFrameMs: first - stream.offered };
  });
  const all = <T>(of: (one: (typeof perStream)[number]) => readonly T[]) => perStream.flatMap(of);
  const inTime = all(({ verdicts }) => verdicts.filter(({ frame }) => frame.back >= from && frame.back < to));
  const looked = inTime.filter(({ background }) => background !== undefined);
  const background = Math.min(...looked.map(({ background: value }) => value ?? NaN));
  return {
    refused,
    sentFrames: all(({ sent }) => sent).length,
    onTime: perStream.reduce((sum, { onTime }) => sum + onTime, 0),
    worstOnTime: Math.min(...perStream.map(({ sent, onTime }) => onTime / sent.length)),
    deliveredFps: inTime.length / streams.length / ((to - from) / 1000),
    latencies: all(({ back }) => back.map(latencyOf)),
    firstFrameMs: Math.max(...perStream.map(({ firstFrameMs }) => firstFrameMs)),
    connectedMs: Math.max(...streams.map(({ offered, connected }) => connected - offered)),
    firstReturnMs: Math.max(...streams.map(({ offered, returned }) => (returned[0]?.back ?? NaN) - offered)),
    notSwapped: inTime.filter(({ swapped }) => !swapped).length,
    exposed: all(({ verdicts }) => verdicts.filter(({ exposed }) => exposed)).length,
    strays: streams.reduce((sum, { strays }) => sum + strays, 0),
    undecodable: perStream.reduce((sum, { undecodable }) => sum + undecodable, 0),
    repair: sumRepair(streams.map(({ repair }) => repair)),
    keyframeRequests: streams.reduce((sum, { keyframeRequests }) => sum + keyframeRequests, 0),
    background,
    looked: looked.length,
    pictureOk: looked.length > 0 && background >= LEAST_BACKGROUND && looked.every(({ swapped }) => swapped),
    clientLoopP99,
    drops,
    ...(order.record && { records: perStream.map(({ record }) => record) }),
  };
}

/** The clip's frames as they went in and, where that is known, as a swap on this machine makes them. */
async function referenceFor(order: LoadOrder, settings: ClipSettings, clip: Clip): Promise<ReferenceFrame[]> {
  if (order.recipe !== undefined) return await referenceOf(clip, settings, { keepEvery: LOOK_EVERY });
  const local = await LocalSwap.open();
  const identity = await local.identity(order.identity);
  const reference = await referenceOf(clip, settings, { local, identity, keepEvery: LOOK_EVERY });
  await local.close();
  return reference;
}

function limitOf({ impaired, recipe, budget }: LoadOrder): Milli {
  if (recipe !== undefined) return budget;
  return impaired ? ON_TIME_IMPAIRED : ON_TIME;
}

function sumRepair(repairs: readonly Repair[]): Repair {
  const of = (key: keyof Repair): number => repairs.reduce((sum, repair) => sum + repair[key], 0);
  return { resent: of('resent'), nacks: of('nacks'), recovered: of('recovered'), keyframesAsked: of('keyframesAsked') };
}

function recordOf(sent: readonly SentFrame[], { seconds }: ToldOutcomes, ended: boolean): StreamRecord {
  return { ended, frames: sent.map((frame) => ({ sent: frame.sent, back: frame.back ?? null })), told: seconds };
}

/** Milliseconds from last packet in to last packet out; infinite if it never came. */
function latencyOf({ sent, back }: SentFrame): number {
  return back === undefined ? Infinity : back - sent;
}

function judgeStream(
  clip: Clip,
  stream: Stream,
  reference: readonly ReferenceFrame[],
): { readonly verdicts: Judged[]; readonly undecodable: number } {
  const pictures = new ReturnedPictures(clip.codec);
  const verdicts: Judged[] = [];
  let undecodable = 0;
  for (const frame of stream.returned) {
    const picture = pictures.next(frame.data, frame.keyframe);
    if (!picture) undecodable++;
    else if (frame.input) verdicts.push({ frame, ...judge(picture, reference[frame.input.clipIndex]!) });
  }
  pictures.close();
  return { verdicts, undecodable };
}
