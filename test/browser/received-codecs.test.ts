import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDecoder } from '../../src/codec/decoder.ts';
import type { Chunk, VideoCodec } from '../../src/media/chunk.ts';
import { MediaLines } from '../../src/session/io/media-lines.ts';
import { WeriftTransport } from '../../src/session/transport/werift-transport.ts';
import { monotonic } from '../../src/time.ts';
import { Random } from '../media/random.ts';
import { BROWSER_SKIPPED, launchChromium } from './chromium.ts';

const LOOPBACK = { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] };

/**
 * A page on the loopback, where a camera is allowed, and a gateway's end that takes chunks out of what comes and sends
 * back those that can be sent. `loss` is the share of packets lost, both ways.
 */
async function receive(browser: Browser, codec: VideoCodec, { frames, loss = 0 }: { frames: number; loss?: number }) {
  const random = new Random(5);
  const lost = () => random.next() < loss;
  const http = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html>'),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const chunks: Chunk[] = [];
  let lines: MediaLines | undefined;
  let enough: () => void;
  const arrived = new Promise<void>((resolve) => (enough = resolve));
  const transport = new WeriftTransport(
    LOOPBACK,
    {
      onRtp: (packet) => lost() || lines?.onRtp(packet),
      onRtcp: (packet) => lines?.onRtcp(packet),
      onState: () => undefined,
    },
    monotonic,
  );
  const answer = async (offer: string): Promise<string> => {
    const { sdp, media } = await transport.answer(offer);
    lines = new MediaLines({
      media,
      bitrate: 1_000_000,
      clock: monotonic,
      sendRtp: (packet) => lost() || transport.sendRtp(packet),
      sendRtcp: (packet) => transport.sendRtcp(packet),
      onChunk: (chunk) => {
        const { codec: given, decodable } = chunk;
        if (given === 'vp8' || given === 'h264') lines?.send({ ...chunk, codec: given }, decodable);
        if (chunks.push(chunk) >= frames) enough();
      },
      onKeyframeWanted: () => lines?.requestKeyframe(),
      onBitrate: () => undefined,
      onSent: () => undefined,
    });
    return sdp;
  };
  const page = await browser.newPage();
  await page.exposeFunction('answer', answer);
  await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  await page.evaluate(async (name) => {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
    const transceiver = pc.addTransceiver(stream.getVideoTracks()[0] as MediaStreamTrack, { streams: [stream] });
    const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
    const first = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${name}`);
    transceiver.setCodecPreferences([...first, ...codecs.filter((other) => !first.includes(other))]);
    const video = document.body.appendChild(document.createElement('video'));
    pc.ontrack = ({ streams }) => Object.assign(video, { srcObject: streams[0], autoplay: true, muted: true });
    await pc.setLocalDescription(await pc.createOffer());
    const { answer } = globalThis as unknown as { answer: (offer: string) => Promise<string> };
    await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
    Object.assign(globalThis, { pc });
  }, codec);
  await arrived;
  const figures = lines?.received;
  const decoded = await page.evaluate(async () => {
    const { pc } = globalThis as unknown as { pc: RTCPeerConnection };
    let frames = 0;
    (await pc.getStats()).forEach((entry: { type: string; framesDecoded?: number }) => {
      if (entry.type === 'inbound-rtp') frames += entry.framesDecoded ?? 0;
    });
    return frames;
  });
  await page.close();
  lines?.close();
  transport.close();
  http.close();
  return { chunks, figures, decoded };
}

describe.skipIf(BROWSER_SKIPPED)('what a real Chromium sends', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
  });

  it.each<VideoCodec>(['vp8', 'h264', 'vp9', 'av1'])(
    'in %s decodes, frame by frame, from the first keyframe on',
    async (codec) => {
      const { chunks, figures } = await receive(browser, codec, { frames: 60 });
      expect(chunks[0]).toMatchObject({ codec, keyframe: true });
      expect(figures?.drops).toEqual({ lost: 0, broken: 0, 'awaiting-keyframe': 0 });
      const decoder = createDecoder(codec);
      for (const chunk of chunks) expect(decoder.decode(chunk).kind).toBe('picture');
      decoder.close();
    },
  );

  it('plays on both sides while 5 % of the packets are lost both ways', async () => {
    const { chunks, figures, decoded } = await receive(browser, 'vp8', { frames: 100, loss: 0.05 });
    expect(chunks[0]?.keyframe).toBe(true);
    expect(figures?.recovered).toBeGreaterThan(0);
    expect(figures?.drops).toEqual({ lost: 0, broken: 0, 'awaiting-keyframe': 0 });
    expect(decoded).toBeGreaterThan(80);
  });
});
