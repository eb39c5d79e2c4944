import { createDecoder } from '../../../src/codec/decoder.ts';
import { createEncoder } from '../../../src/codec/encoder.ts';
import { WorkPicture } from '../../../src/codec/work-picture.ts';
import { sessionSettingsSchema } from '../../../src/session/settings.ts';
import { monotonic, VIDEO_CLOCK } from '../../../src/time.ts';
import { encodedClip, type ClipSettings } from '../../media/clip.ts';
import { LocalSwap, type BenchIdentity } from '../local-swap.ts';

/** Frames before anything counts, so that the machine code is hot. */
const WARM_UP = 90;

/** Cores that the stations of one session take by themselves. */
export interface StationsAlone {
  readonly decode: number;
  /** Track, swap and composite. */
  readonly face: number;
  readonly encode: number;
}

/**
 * The four stations alone, in this process, with the clip, the settings and the pace of a session but without transport,
 * messages and scheduling. Paced, because the same work takes half as much again at 30 frames a second as in a tight loop.
 */
export async function stationsAlone(
  settings: ClipSettings,
  identity: BenchIdentity,
  seconds: number,
): Promise<StationsAlone> {
  const clip = await encodedClip(settings, 'vp8');
  const local = await LocalSwap.open();
  const pass = local.pass(await local.identity(identity));
  const decoder = createDecoder('vp8');
  const encoder = createEncoder('vp8', { bitrate: sessionSettingsSchema.parse({}).bitrate });
  const work = new WorkPicture();
  const used = { decode: 0, face: 0, encode: 0 };
  const frames = Math.round(seconds * clip.frameRate);
  const begun = monotonic.now();
  for (let index = 0; index < WARM_UP + frames; index++) {
    const at = (index * 1000) / clip.frameRate;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + at - monotonic.now())));
    const { data, keyframe } = clip.chunks[index % clip.chunks.length]!;
    const timestamp = (index * VIDEO_CLOCK) / clip.frameRate;
    const chunk = { codec: 'vp8', data, keyframe, timestamp, decodable: at, referenced: true } as const;
    const from = cpu();
    decoder.decode(chunk);
    decoder.copyTo(work);
    const decoded = cpu();
    await pass.run(work.picture, { at });
    const swapped = cpu();
    encoder.encode(work, { keyframe: index === 0, timestamp });
    const encoded = cpu();
    if (index < WARM_UP) continue;
    used.decode += decoded - from;
    used.face += swapped - decoded;
    used.encode += encoded - swapped;
  }
  decoder.close();
  encoder.close();
  work.close();
  await local.close();
  const share = (micro: number): number => micro / 1e6 / (frames / clip.frameRate);
  return { decode: share(used.decode), face: share(used.face), encode: share(used.encode) };
}

/** Microseconds of processor time of this process. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
