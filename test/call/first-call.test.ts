/** A whole call without a browser: werift's peer sends a talking head, the gateway sends it back with another face. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../support/patience.ts';
import { configSchema } from '../../src/config/config.ts';
import { openGateway, type Gateway } from '../../src/gateway.ts';
import { createLog } from '../../src/log.ts';
import { SEND_CODECS } from '../../src/media/chunk.ts';
import { monotonic } from '../../src/time.ts';
import { Signalling, uploadPhoto } from '../bench/client/signalling.ts';
import { paceStreams, Stream } from '../bench/client/stream.ts';
import { referenceOf, type ReferenceFrame } from '../bench/judge/reference.ts';
import { judge, ReturnedPictures, type Verdict } from '../bench/judge/verdict.ts';
import { LocalSwap } from '../bench/local-swap.ts';
import { encodedClip, type ClipSettings } from '../media/clip.ts';
import { portraitFile } from '../media/portrait.ts';
import { Random } from '../media/random.ts';

process.env['GUISE_LOG'] = 'warn';

const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480, frameRate: 10 };
/** Long enough for a loaded machine: what is asked here is what is shown, not when. */
const BUDGET = 500;
/** Frames that must come back with each identity. */
const ENOUGH = 12;

let gateway: Gateway;
let url: string;
beforeAll(async () => {
  const config = configSchema.parse({ port: 0, media: { pixelThreads: 1 } });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
  url = `http://127.0.0.1:${gateway.port}`;
});
afterAll(() => gateway.close());

async function referenceWith(clip: Awaited<ReturnType<typeof encodedClip>>): Promise<ReferenceFrame[]> {
  const local = await LocalSwap.open();
  const reference = await referenceOf(clip, CLIP, { local, identity: await local.identity('astronaut') });
  await local.close();
  return reference;
}

describe.each(SEND_CODECS)('a call in %s', (codec) => {
  test('comes back with the identity on, never with the caller, through a change of identity', async () => {
    const clip = await encodedClip(CLIP, codec);
    const photo = await uploadPhoto(url, readFileSync(portraitFile('astronaut')));
    const signalling = await Signalling.open(url, { identity: 'mask:gold', budget: BUDGET, codec });
    const stream = new Stream(clip, signalling, new Random(7));
    await stream.connect();
    const pacing = paceStreams([{ sendFrame: () => stream.sendFrame(), phase: 0, frameRate: clip.frameRate }]);
    const back = (): number => stream.returned.filter(({ input }) => input !== undefined).length;

    await vi.waitUntil(() => back() >= ENOUGH, PATIENCE);
    signalling.send({ type: 'change', identity: photo });
    await signalling.next('changed');
    const changed = stream.returned.length;
    await vi.waitUntil(() => stream.returned.length >= changed + ENOUGH, PATIENCE);
    // The first seconds, in which the face was still being looked for, are told first.
    let { figures } = await signalling.next('statistics');
    while (figures.swapped === 0) ({ figures } = await signalling.next('statistics'));
    pacing.stop();
    await stream.close();

    expect(figures).toMatchObject({ width: 640, height: 480, codec });
    expect(figures.latencyP50).toBeGreaterThan(0);

    const reference = await referenceWith(clip);
    const pictures = new ReturnedPictures(codec);
    const verdicts = stream.returned.map(({ data, keyframe, input }): Verdict | undefined => {
      const picture = pictures.next(data, keyframe);
      const frame = input === undefined ? undefined : reference[input.clipIndex];
      expect(picture?.width).toBe(640);
      return picture && frame ? judge(picture, frame) : undefined;
    });
    pictures.close();

    expect(verdicts.filter((verdict) => verdict?.exposed === true)).toEqual([]);
    // The mask is nobody of the reference; the photo is, from its change on.
    expect(verdicts.slice(0, changed - 2).some((verdict) => verdict?.swapped === true)).toBe(false);
    const after = verdicts.slice(changed + 2);
    const worn = after.filter((verdict) => verdict?.swapped === true).length;
    expect(worn / after.length).toBeGreaterThan(0.7);
  });
});
