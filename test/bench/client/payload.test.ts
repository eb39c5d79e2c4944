import { describe, expect, it } from 'vitest';
import { HeaderTemplate } from '../../../src/rtp/packet/header-template.ts';
import { VideoReceiver } from '../../../src/rtp/receive/video-receiver.ts';
import { encodedClip } from '../../media/clip.ts';
import { cut } from './payload.ts';

describe('cutting access units', () => {
  it.each(['vp8', 'h264', 'vp9'] as const)(
    'gives payloads of which the gateway makes the same %s again',
    async (codec) => {
      const clip = await encodedClip({ script: 'talk', width: 320, height: 240, frameRate: 5 }, codec);
      const receive = [{ name: codec, payloadType: 96, clockRate: 90_000, parameters: '' }];
      const receiver = new VideoReceiver({ receive, extensions: new Map(), senderSsrc: 1 });
      const template = new HeaderTemplate({ ssrc: 5, payloadType: 96 });
      let sequence = 0;

      for (const [index, { data, keyframe }] of clip.chunks.entries()) {
        const payloads = cut(codec, { data, keyframe }, index);
        const chunks = payloads.flatMap((payload, at) => {
          const fields = { sequence: sequence++, timestamp: index * 3000, marker: at === payloads.length - 1 };
          return receiver.push(template.packet(fields, [payload], 'video').data, index * 200).chunks;
        });

        expect(chunks).toMatchObject([{ keyframe }]);
        if (codec !== 'h264') expect(Buffer.from(chunks[0]!.data).equals(data)).toBe(true);
        else expect(chunks[0]!.data.length).toBeGreaterThanOrEqual(data.length - 4);
      }
    },
  );
});
