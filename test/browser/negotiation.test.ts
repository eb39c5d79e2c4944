/** What a real Chromium makes of our answers: one layer of its simulcast, a camera that lies on its side, capture times. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDecoder } from '../../src/codec/decoder.ts';
import type { Chunk } from '../../src/media/chunk.ts';
import { readU16 } from '../../src/rtp/packet/bytes.ts';
import { readCaptureTime } from '../../src/rtp/packet/capture-time.ts';
import { EXTENSION_URI, readExtension } from '../../src/rtp/packet/extension.ts';
import { parseRtp } from '../../src/rtp/packet/rtp-packet.ts';
import { parseRtcp } from '../../src/rtp/rtcp/parse.ts';
import { NOT_RECEIVED } from '../../src/rtp/rtcp/rtcp-packet.ts';
import { MediaSession } from '../../src/session/io/media-session.ts';
import { sessionSettingsSchema } from '../../src/session/settings.ts';
import { monotonic } from '../../src/time.ts';
import { BROWSER_SKIPPED, launchChromium } from './chromium.ts';
import { tappedTransport } from './tapped-transport.ts';
import { echo } from './echo-server.ts';

/** How the page calls. */
interface PageCall {
  /** Encodings of the camera's sender. */
  readonly encodings?: readonly RTCRtpEncodingParameters[];
  /** The camera is a generator that marks each frame as lying by so many degrees. */
  readonly rotation?: number;
  /** Header extensions to offer besides the usual ones. */
  readonly extensions?: readonly string[];
  readonly audio?: boolean;
}

/** Runs in the page. */
async function startCall({ encodings, rotation, extensions = [], audio = false }: PageCall): Promise<void> {
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio });
  let [track] = camera.getVideoTracks() as [MediaStreamTrack];
  if (rotation !== undefined) {
    const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator } = globalThis as unknown as {
      MediaStreamTrackProcessor: new (options: object) => { readable: ReadableStream<VideoFrame> };
      MediaStreamTrackGenerator: new (options: object) => MediaStreamTrack & { writable: WritableStream<VideoFrame> };
    };
    const lying = new TransformStream<VideoFrame, VideoFrame>({
      transform(frame, controller) {
        controller.enqueue(new VideoFrame(frame, { rotation } as VideoFrameInit));
        frame.close();
      },
    });
    const generator = new Generator({ kind: 'video' });
    void new Processor({ track }).readable.pipeThrough(lying).pipeTo(generator.writable);
    track = generator;
  }
  for (const sound of camera.getAudioTracks()) pc.addTransceiver(sound, { streams: [camera] });
  const transceiver = pc.addTransceiver(track, {
    streams: [camera],
    ...(encodings && { sendEncodings: [...encodings] }),
  });
  if (extensions.length > 0) {
    const chosen = transceiver as unknown as {
      getHeaderExtensionsToNegotiate: () => { uri: string; direction: string }[];
      setHeaderExtensionsToNegotiate: (list: object[]) => void;
    };
    const list = chosen.getHeaderExtensionsToNegotiate();
    for (const entry of list) if (extensions.includes(entry.uri)) entry.direction = 'sendrecv';
    chosen.setHeaderExtensionsToNegotiate(list);
  }
  const video = document.body.appendChild(document.createElement('video'));
  pc.ontrack = ({ streams }) => Object.assign(video, { srcObject: streams[0], autoplay: true, muted: true });
  await pc.setLocalDescription(await pc.createOffer());
  const { answer } = globalThis as unknown as { answer: (offer: string) => Promise<string> };
  await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
  Object.assign(globalThis, { pc });
}

/** A call and what passed its transport. */
interface Call {
  readonly page: Page;
  readonly offer: string;
  readonly answer: string;
  readonly chunks: Chunk[];
  readonly received: Uint8Array[];
  readonly sent: Uint8Array[];
  readonly rtcp: Uint8Array[];
}

describe.skipIf(BROWSER_SKIPPED)('a real Chromium', () => {
  let browser: Browser;
  let http: Server;
  beforeAll(async () => {
    browser = await launchChromium();
    http = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await browser.close();
    http.close();
  });

  /** Calls, and gives the call once `enough` of it is there. Everything is closed afterwards. */
  async function take(how: PageCall, enough: (call: Call) => boolean | Promise<boolean>): Promise<Call> {
    const page = await browser.newPage();
    const call = { page, offer: '', answer: '', chunks: [], received: [], sent: [], rtcp: [] } as Call & {
      offer: string;
      answer: string;
    };
    const keep = (list: Uint8Array[]) => (packet: Uint8Array) => list.push(packet.slice()) > 0;
    const taps = { received: keep(call.received), sent: keep(call.sent), receivedRtcp: keep(call.rtcp) };
    const session: MediaSession = new MediaSession({
      id: 'taken',
      settings: sessionSettingsSchema.parse({}),
      identity: null,
      clock: monotonic,
      createTransport: (events) => tappedTransport(events, taps),
      pixel: {
        send: (message) => {
          if (message.type === 'chunk') call.chunks.push({ ...message.chunk, data: message.chunk.data.slice() });
          for (const reply of echo(message, 66)) session.onPixel(reply);
        },
      },
      events: {
        onState: () => undefined,
        onFace: () => undefined,
        onFigures: () => undefined,
        onFailed: (code) => expect.fail(code),
      },
    });
    try {
      await page.exposeFunction('answer', async (offer: string) => {
        call.offer = offer;
        return (call.answer = await session.answer(offer));
      });
      await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
      await page.evaluate(startCall, how);
      while (!(await enough(call))) await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
      return call;
    } finally {
      await page.close();
      session.close();
    }
  }

  it('sends the one layer of three that it is asked for, whole', async () => {
    const encodings = [{ rid: 'h' }, { rid: 'm', scaleResolutionDownBy: 2 }, { rid: 'l', scaleResolutionDownBy: 4 }];
    const { offer, answer, chunks, received } = await take({ encodings }, ({ chunks: { length } }) => length >= 60);
    expect(offer).toContain('a=simulcast:send h;m;l');
    expect(answer).toContain('a=simulcast:recv h');
    const decoder = createDecoder('vp8');
    const sizes = chunks.map((chunk) => {
      const decoded = decoder.decode(chunk);
      return decoded.kind === 'picture' ? `${decoded.width}x${decoded.height}` : decoded.kind;
    });
    decoder.close();
    expect(sizes.at(-1)).toBe('640x480');
    expect(sizes.every((size) => size !== 'broken')).toBe(true);
    const media = received.map((data) => parseRtp(data)!).filter(({ payloadType }) => payloadType === 96);
    expect(new Set(media.map(({ ssrc }) => ssrc)).size).toBe(1);
  });

  it.each([90, 180, 270])(
    'whose camera lies by %i degrees says so, and sends what the camera gives',
    async (rotation) => {
      const { chunks, answer } = await take({ rotation }, ({ chunks: { length } }) => length >= 30);
      expect(answer).toContain(EXTENSION_URI.videoOrientation);
      expect(new Set(chunks.map((chunk) => (chunk.rotation ?? 0) * 90))).toEqual(new Set([rotation]));
      const decoder = createDecoder('vp8');
      expect(decoder.decode(chunks[0]!)).toMatchObject({ kind: 'picture', width: 640, height: 480 });
      decoder.close();
    },
  );

  it('gets its capture times back, with an offset once our clocks are known to each other', async () => {
    const uri = EXTENSION_URI.absoluteCaptureTime;
    const captureTimes = (packets: readonly Uint8Array[], sdp: string) => {
      const id = Number(new RegExp(`a=extmap:(\\d+) ${uri}`).exec(sdp)?.[1]);
      const values = packets.map((data) => readExtension(parseRtp(data)!, id));
      return values.flatMap((value) => (value && readCaptureTime(value)) ?? []);
    };
    const enough = ({ sent, answer }: Call) => captureTimes(sent, answer).at(-1)?.clockOffset !== undefined;
    const { offer, answer, received, sent } = await take({ extensions: [uri] }, enough);
    expect(offer).toContain(uri);
    const [came, went] = [captureTimes(received, answer), captureTimes(sent, answer)];
    const instants = (times: typeof came) => times.map(({ high, low }) => `${high}.${low}`);
    expect(new Set(instants(came))).toEqual(new Set([...instants(came), ...instants(went)]));
    // Both run on this machine's wall clock; what is left is the way of a report.
    expect(Math.abs(went.at(-1)!.clockOffset!)).toBeLessThan(1000);
  });

  it('numbers its sound with its pictures, and tells us when ours came', async () => {
    const numberOf = (data: Uint8Array, sdp: string): number[] => {
      const id = Number(new RegExp(`a=extmap:(\\d+) ${EXTENSION_URI.transportSequence}`).exec(sdp)?.[1]);
      const opus = Number(/a=rtpmap:(\d+) opus/.exec(sdp)?.[1]);
      const value = (data[1]! & 0x7f) === opus ? readExtension(parseRtp(data)!, id) : undefined;
      return value ? [readU16(value, 0)] : [];
    };
    /** Numbers of our sound that feedback says have come. */
    const told = ({ sent, rtcp, answer }: Call): number[] => {
      const ours = new Set(sent.flatMap((data) => numberOf(data, answer)));
      return rtcp
        .flatMap((data) => [...parseRtcp(data)])
        .flatMap((packet) => (packet.type === 'transport-feedback' ? [packet] : []))
        .flatMap(({ baseSequence, arrivals }) =>
          [...arrivals].flatMap((at, index) => (at === NOT_RECEIVED ? [] : [(baseSequence + index) & 0xffff])),
        )
        .filter((number) => ours.has(number));
    };
    const call = await take({ audio: true }, (now) => told(now).length >= 50);
    expect(call.received.flatMap((data) => numberOf(data, call.answer)).length).toBeGreaterThan(20);
  });
});
