import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PATIENCE } from '../support/patience.ts';
import { EXPOSED } from '../bench/judge/patch.ts';
import { LocalSwap } from '../bench/local-swap.ts';
import type { ClipSettings } from '../media/clip.ts';
import { BROWSER_SKIPPED } from './chromium.ts';
import { judgeFrames, type Shown } from './studio/judge-frames.ts';
import { keepFrames, takeFrames } from './studio/returned-frames.ts';
import { slowCamera } from './studio/stamp.ts';
import { openStudio, PATIENT, type Studio } from './studio/studio.ts';

const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480 };
const WHIP_GOLD = `/whip/stage${PATIENT}&identity=mask:gold`;

/** Publishes the camera by WHIP, or shows a room by WHEP in the page's own element, as any client of the two would. */
async function join(
  page: Page,
  path: string,
): Promise<{ status: number; location: string; etag: string; after: number }> {
  return page.evaluate(async (to) => {
    const begun = performance.now();
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const publishes = to.startsWith('/whip/');
    const back = new MediaStream();
    if (publishes) {
      const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true });
      for (const track of camera.getTracks()) pc.addTransceiver(track, { direction: 'sendonly', streams: [camera] });
    } else {
      for (const kind of ['audio', 'video']) pc.addTransceiver(kind, { direction: 'recvonly' });
      pc.ontrack = ({ track }) => back.addTrack(track);
    }
    (window as unknown as { pcs: Record<string, RTCPeerConnection> }).pcs ??= {};
    (window as unknown as { pcs: Record<string, RTCPeerConnection> }).pcs[to] = pc;
    await pc.setLocalDescription();
    const headers = { 'content-type': 'application/sdp' };
    const response = await fetch(to, { method: 'POST', headers, body: pc.localDescription!.sdp });
    const sdp = await response.text();
    if (response.status !== 201) return { status: response.status, location: '', etag: '', after: 0 };
    await pc.setRemoteDescription({ type: 'answer', sdp });
    if (!publishes) {
      const element = document.getElementById('swapped') as HTMLVideoElement;
      element.srcObject = back;
      await new Promise<void>((resolve) => element.requestVideoFrameCallback(() => resolve()));
    }
    const { headers: said } = response;
    const after = performance.now() - begun;
    return { status: 201, location: said.get('location') ?? '', etag: said.get('etag') ?? '', after };
  }, path);
}

/** Figures of the page's peer connection for `path`. */
function received(
  page: Page,
  path: string,
): Promise<{ frames: number; audio: number; samples: number; freezes: number }> {
  return page.evaluate(async (to) => {
    const stats = await (window as unknown as { pcs: Record<string, RTCPeerConnection> }).pcs[to]!.getStats();
    const seen = { frames: 0, audio: 0, samples: 0, freezes: 0 };
    for (const each of stats.values() as Iterable<Record<string, number & string>>) {
      if (each['type'] !== 'inbound-rtp') continue;
      if (each['kind'] === 'audio') {
        seen.audio = each['packetsReceived']!;
        seen.samples = each['totalSamplesReceived']!;
      } else {
        seen.frames = each['framesDecoded']!;
        seen.freezes = each['freezeCount']!;
      }
    }
    return seen;
  }, path);
}

describe.skipIf(BROWSER_SKIPPED)('a room (left out by GUISE_SKIP=browser)', () => {
  let studio: Studio;
  let local: LocalSwap;
  let second: Page;
  const publisher = (): Page => studio.page;

  beforeAll(async () => {
    local = await LocalSwap.open();
    studio = await openStudio({ camera: await slowCamera(CLIP) });
    second = await studio.browser.newPage();
    await second.goto(studio.gateway.url);
  });
  afterAll(async () => {
    await studio?.close();
    await local?.close();
  });

  const http = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${studio.gateway.url}${path}`, { method, ...init });

  /** What the frames show that a viewer sees. */
  async function judge(page: Page, identity: `mask:${string}`): Promise<Shown[]> {
    await keepFrames(page, 'swapped', 5, 5);
    return judgeFrames(await takeFrames(page), { local, clip: CLIP, identity });
  }

  async function untilWorn(page: Page, identity: `mask:${string}`): Promise<void> {
    const isWorn = async (): Promise<boolean> => {
      const shown = await judge(page, identity);
      return shown.length > 0 && shown.every(({ toIdentity }) => toIdentity > 0.6);
    };
    await expect.poll(isWorn, PATIENCE).toBe(true);
  }

  let published: Awaited<ReturnType<typeof join>>;

  it('is published into by WHIP once, and watched by WHEP, swapped, with sound', async () => {
    expect((await join(second, '/whep/stage')).status).toBe(404);
    published = await join(publisher(), WHIP_GOLD);
    expect(published).toMatchObject({
      status: 201,
      location: expect.stringMatching(/^\/whip\/stage\/[0-9a-f]{32}$/) as string,
    });
    expect((await join(publisher(), '/whip/stage')).status).toBe(409);

    const watched = await join(second, '/whep/stage');
    expect(watched.status).toBe(201);
    console.log(`first picture at a viewer ${Math.round(watched.after)} ms after it began to ask`);
    await untilWorn(second, 'mask:gold');
    for (const { toCaller } of await judge(second, 'mask:gold')) expect(toCaller).toBeLessThan(EXPOSED);
    await expect.poll(async () => (await received(second, '/whep/stage')).audio, PATIENCE).toBeGreaterThan(50);
  });

  it('has any number of viewers, who come and go without the others noticing', async () => {
    const third = await studio.browser.newPage();
    await third.goto(studio.gateway.url);
    const { location } = await join(third, '/whep/stage');
    await untilWorn(third, 'mask:gold');
    expect(await (await http('GET', '/v1/rooms/stage')).json()).toMatchObject({ identity: 'mask:gold', viewers: 2 });
    const before = await received(second, '/whep/stage');
    expect((await http('DELETE', location)).status).toBe(200);
    await third.close();
    await expect
      .poll(async () => (await received(second, '/whep/stage')).frames, PATIENCE)
      .toBeGreaterThan(before.frames + 30);
    expect((await (await http('GET', '/v1/rooms/stage')).json()) as object).toMatchObject({ viewers: 1 });
  });

  it('puts on whom a REST call says, live', async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ identity: 'mask:porcelain', look: { opacity: 1 } });
    const changed = await http('PATCH', '/v1/rooms/stage', { headers, body });
    expect([changed.status, await changed.json()]).toEqual([
      200,
      expect.objectContaining({ identity: 'mask:porcelain' }),
    ]);
    await untilWorn(second, 'mask:porcelain');
    const wrong = await http('PATCH', '/v1/rooms/stage', { headers, body: '{"identity":"mask:nobody"}' });
    expect(wrong.status).toBe(404);
    expect((await http('PATCH', '/v1/rooms/stage', { headers, body: 'no JSON' })).status).toBe(400);
  });

  it('restarts ICE by a fragment, and goes on', async () => {
    const before = await received(second, '/whep/stage');
    const answer = await publisher().evaluate(
      async ({ location, etag, to }) => {
        const pc = (window as unknown as { pcs: Record<string, RTCPeerConnection> }).pcs[to]!;
        const offer = await pc.createOffer({ iceRestart: true });
        await pc.setLocalDescription(offer);
        const lines = pc.localDescription!.sdp.split('\r\n');
        const of = (prefix: string) => lines.find((line) => line.startsWith(prefix)) ?? '';
        const fragment = [of('a=ice-ufrag:'), of('a=ice-pwd:'), of('m='), of('a=mid:'), 'a=end-of-candidates', ''];
        const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' };
        const response = await fetch(location, { method: 'PATCH', headers, body: fragment.join('\r\n') });
        const said = (await response.text()).split('\r\n');
        // The answer of before with the new credentials and candidates.
        const value = (prefix: string) => said.find((line) => line.startsWith(prefix)) ?? '';
        const sdp = pc
          .currentRemoteDescription!.sdp.replaceAll(/a=ice-ufrag:.*/g, value('a=ice-ufrag:'))
          .replaceAll(/a=ice-pwd:.*/g, value('a=ice-pwd:'));
        await pc.setRemoteDescription({ type: 'answer', sdp });
        return { status: response.status, etag: response.headers.get('etag'), before: etag };
      },
      { location: published.location, etag: published.etag, to: WHIP_GOLD },
    );
    expect(answer.status).toBe(200);
    expect(answer.etag).not.toBe(answer.before);
    await expect
      .poll(async () => (await received(second, '/whep/stage')).frames, PATIENCE)
      .toBeGreaterThan(before.frames + 60);
  });

  it('ends for all when its publisher leaves, and can be published into again', async () => {
    expect((await http('DELETE', published.location)).status).toBe(200);
    await expect.poll(async () => (await http('GET', '/v1/rooms/stage')).status, PATIENCE).toBe(404);
    expect((await http('DELETE', published.location)).status).toBe(404);
    const again = await join(publisher(), `/whip/stage${PATIENT}&identity=mask:tiger`);
    expect(again.status).toBe(201);
  });
});
