/** Publishes the usual clip, encoded before, by WHIP until its parent is gone: `publish-process ENDPOINT WIDTH HEIGHT`. */
import { encodedClip } from '../../media/clip.ts';
import { Random } from '../../media/random.ts';
import { paceStreams, Stream } from '../client/stream.ts';
import { Whip } from '../client/whip.ts';

export interface Published {
  readonly type: 'published';
}

const [endpoint = '', width, height] = process.argv.slice(2);
const clip = await encodedClip({ script: 'talk', width: Number(width), height: Number(height) }, 'vp8');
const stream = new Stream(clip, new Whip(endpoint), new Random(1), { keep: false });
await stream.connect();
paceStreams([{ sendFrame: () => stream.sendFrame(), phase: 0, frameRate: clip.frameRate }]);
process.on('disconnect', () => process.exit(0));
process.send?.({ type: 'published' } satisfies Published);
