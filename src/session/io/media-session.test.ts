import { describe, expect, it } from 'vitest';
import { FakeCall, openCall, PEER, VIDEO } from '../../../test/peer/fake-call.ts';
import type { RtcpPacket } from '../../rtp/rtcp/rtcp-packet.ts';
import { CHUNK_CREDITS, type ToPixel } from '../pixel.ts';
import { sessionSettingsSchema } from '../settings.ts';
import type { SessionFigures } from '../statistics.ts';

function pli(): RtcpPacket {
  return { type: 'picture-loss', senderSsrc: PEER.video, mediaSsrc: 0x3000 };
}

/** How our video was received since the start. */
function report(highestSequence: number, cumulativeLost: number): RtcpPacket {
  const rest = { fractionLost: 0, jitter: 0, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
  return {
    type: 'receiver-report',
    ssrc: PEER.video,
    reports: [{ ssrc: 0x3000, highestSequence, cumulativeLost, ...rest }],
  };
}

describe('the way of a frame', () => {
  it('leads from packets to the pixel half, and from its chunks back to packets', async () => {
    const call = await openCall();
    call.transport.frame(1, true);
    call.transport.frame(2, false);
    expect(call.chunks.map(({ keyframe }) => keyframe)).toEqual([true, false]);
    for (const chunk of call.chunks) call.echo(chunk);
    expect(call.transport.rtp).toHaveLength(2);
    const sent = Buffer.from(call.transport.rtp[0] ?? []);
    expect(sent.readUInt32BE(8)).toBe(0x3000);
    expect((sent[1] ?? 0) & 0x7f).toBe(96);
    call.session.close();
  });

  it('opens the pixel half once, with the codec that was negotiated', async () => {
    const call = await openCall();
    await call.session.answer('again');
    expect(call.toPixel).toMatchObject([
      { type: 'open', codec: 'vp8', identity: null },
      { type: 'bitrate', bitsPerSecond: 2_500_000 },
    ]);
    call.session.close();
  });

  it('passes sound through under our source', async () => {
    const call = await openCall();
    call.transport.sound(5);
    expect(Buffer.from(call.transport.rtp[0] ?? []).readUInt32BE(8)).toBe(0x4000);
    expect(call.chunks).toHaveLength(0);
    call.session.close();
  });

  it('gives chunks up at the source when the pixel half is full, until a keyframe after there is room again', async () => {
    const call = await openCall();
    call.transport.frame(0, true);
    for (let i = 1; i < CHUNK_CREDITS; i++) call.transport.frame(i, false);
    expect(call.chunks).toHaveLength(CHUNK_CREDITS);
    expect(call.transport.rtcp).toEqual([]);
    call.transport.frame(CHUNK_CREDITS, false);
    expect(call.transport.rtcp).toMatchObject([{ type: 'picture-loss', mediaSsrc: PEER.video }]);
    call.pixel({ type: 'credit', session: 'one', count: 10 });
    call.transport.frame(CHUNK_CREDITS + 1, false);
    expect(call.chunks).toHaveLength(CHUNK_CREDITS);
    call.transport.frame(CHUNK_CREDITS + 2, true);
    call.transport.frame(CHUNK_CREDITS + 3, false);
    expect(call.chunks).toHaveLength(CHUNK_CREDITS + 2);
    const figures = await new Promise<SessionFigures>((resolve) => (call.figures = resolve));
    expect(figures.drops).toEqual({ 'receive:no-credit': 1, 'receive:awaiting-keyframe': 1 });
    call.session.close();
  });
});

describe('feedback', () => {
  it('asks the encoder for one keyframe, however often the peer asks', async () => {
    const call = await openCall();
    for (let i = 0; i < 5; i++) call.transport.feedback(pli());
    expect(call.count('keyframe')).toBe(1);
    call.session.close();
  });

  it('asks the peer for a keyframe when the decoder lost its place', async () => {
    const call = await openCall();
    call.transport.frame(1, true);
    call.pixel({ type: 'need-keyframe', session: 'one' });
    expect(call.transport.rtcp).toMatchObject([{ type: 'picture-loss', mediaSsrc: PEER.video }]);
    call.session.close();
  });

  it('makes the encoder spend less when a third of the packets is lost', async () => {
    const call = await openCall();
    call.transport.feedback(report(1000, 0));
    expect(call.count('bitrate')).toBe(1);
    // Pictures pass all this while.
    for (let second = 1; second <= 3; second++)
      call.transport.feedback(report(1000 + 300 * second, 100 * second), second * 1000);
    expect(call.toPixel.at(-1)).toMatchObject({ type: 'bitrate' });
    const { bitsPerSecond } = call.toPixel.at(-1) as Extract<ToPixel, { type: 'bitrate' }>;
    expect(bitsPerSecond).toBeLessThan(2_500_000 * 0.9);
    call.session.close();
  });

  it('reports both lines and who sends them each second', async () => {
    const call = await openCall();
    call.transport.frame(1, true);
    call.transport.sound(1);
    for (const chunk of call.chunks) call.echo(chunk);
    await new Promise<SessionFigures>((resolve) => (call.figures = resolve));
    while (!call.transport.rtcp.some(({ type }) => type === 'source-description')) {
      await new Promise<SessionFigures>((resolve) => (call.figures = resolve));
    }
    const types = call.transport.rtcp.map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['sender-report', 'sender-report', 'source-description']);
    expect(call.transport.rtcp[0]).toMatchObject({ reports: [{ ssrc: PEER.video }, { ssrc: PEER.audio }] });
    call.session.close();
  });
});

describe('a sender of more than it may', () => {
  it('loses what is over its rate at once, and its session after three seconds', async () => {
    const call = await openCall();
    for (let second = 0; second < 3; second++) {
      for (let frame = 0; frame < 200; frame++) call.transport.frame(second * 200 + frame, true);
      await new Promise<SessionFigures>((resolve) => (call.figures = resolve));
    }

    // The pixel half has not given a credit back, and would not have got more than this with all of them.
    expect(call.chunks.length).toBeLessThanOrEqual(60);
    expect(call.failures).toEqual(['frame_rate_exceeded']);
    expect(call.states.at(-1)).toBe('closed');
  });
});

describe('the figures of a second', () => {
  it('count what came, what was sent and what it shows', async () => {
    const call = await openCall();
    for (let i = 0; i < 4; i++) call.transport.frame(i, i === 0);
    call.chunks.forEach((chunk, i) => call.echo(chunk, i === 0 ? 'hidden' : 'swapped'));
    call.pixel({
      type: 'figures',
      session: 'one',
      figures: {
        width: 640,
        height: 480,
        sentWidth: 640,
        sentHeight: 480,
        frameRateLimit: null,
        decoded: 4,
        swapped: 3,
        reused: 0,
        hidden: 1,
        clear: 0,
        held: 2,
        faces: 1,
        level: 0,
        gpu: 84,
        drops: { 'swap:late': 1 },
        worked: 300,
        stations: { decode: 2, swap: 3 },
      },
    });
    const first = await new Promise<SessionFigures>((resolve) => (call.figures = resolve));
    expect(first).toMatchObject({
      swapped: 3,
      hidden: 1,
      clear: 0,
      held: 2,
      faces: 1,
      gpu: 84,
      width: 640,
      codec: 'vp8',
    });
    expect(first.drops).toEqual({ 'swap:late': 1 });
    expect(first).toMatchObject({ sentWidth: 640, sentHeight: 480, frameRateLimit: null });
    expect(first).toMatchObject({ estimate: null, queue: 0, resent: 0, lossOut: 0, lossIn: 0, playoutDelay: 0 });
    expect(first.fpsIn).toBe(first.fpsOut);
    expect(first.fpsIn).toBeGreaterThan(0);
    expect(first.busy).toBeGreaterThan(0);
    expect(first.latencyP99).toBeGreaterThanOrEqual(first.latencyP50);
    const second = await new Promise<SessionFigures>((resolve) => (call.figures = resolve));
    expect(second).toMatchObject({ fpsIn: 0, fpsOut: 0, drops: {}, held: 0, busy: 0, latencyP50: 0, swapped: 0 });
    call.session.close();
  });
});

describe('changes', () => {
  it('are done when the pixel half says so, and keep the newest for an answer that is still to come', async () => {
    const early = new FakeCall();
    await early.session.change(sessionSettingsSchema.parse({ opacity: 0.5 }), { identity: 'mask:porcelain' });
    await early.session.answer('offer');
    expect(early.toPixel[0]).toMatchObject({ type: 'open', settings: { opacity: 0.5 }, identity: 'mask:porcelain' });
    const changed = early.session.change(sessionSettingsSchema.parse({}), { identity: null });
    expect(early.toPixel.slice(2)).toMatchObject([{ type: 'settings' }, { type: 'identity', identity: null }]);
    early.pixel({ type: 'changed', session: 'one' });
    await changed;
    early.session.close();
  });

  it('that are under way when the session ends are rejected', async () => {
    const call = await openCall();
    const changed = call.session.change(sessionSettingsSchema.parse({}), { identity: null });
    call.session.close();
    await expect(changed).rejects.toMatchObject({ code: 'closed' });
    await expect(call.session.change(sessionSettingsSchema.parse({}))).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('the end of a session', () => {
  it('says goodbye, ends the pixel half and comes once', async () => {
    const call = await openCall();
    call.session.close();
    call.session.close();
    expect(call.transport.rtcp).toMatchObject([{ type: 'bye', ssrcs: [0x3000, 0x4000] }]);
    expect(call.count('close')).toBe(1);
    expect(call.states).toEqual(['connected', 'closed']);
    call.transport.frame(1, true);
    call.pixel({ type: 'need-keyframe', session: 'one' });
    expect(call.chunks).toHaveLength(0);
  });

  it('follows when the peer goes', async () => {
    const call = await openCall();
    call.transport.close();
    expect(call.count('close')).toBe(1);
    expect(call.states).toEqual(['connected', 'closed']);
  });

  it('follows when the pixel half cannot go on', async () => {
    const call = await openCall();
    call.pixel({ type: 'failed', session: 'one', code: 'codec_failed', message: 'no' });
    expect(call.failures).toEqual(['codec_failed']);
    expect(call.transport.state).toBe('closed');
  });

  it('follows when something of it throws, and reaches nobody else', async () => {
    const call = await openCall();
    call.session.onPixel({ type: 'nonsense', session: 'one' } as never);
    expect(call.failures).toEqual(['session_failed']);
    expect(call.states.at(-1)).toBe('closed');
  });
});

describe('a candidate', () => {
  it('that the transport chokes on ends its own session, and reaches nobody else', async () => {
    const call = await openCall();
    call.transport.addCandidate = () => {
      throw new Error('native');
    };
    call.session.addCandidate('candidate:1', '0');
    expect([call.failures, call.states.at(-1)]).toEqual([['session_failed'], 'closed']);
  });
});

describe('an offer', () => {
  it('that sends no video is refused', async () => {
    const harness = new FakeCall();
    harness.transport.media = [{ ...VIDEO, receive: [] }];
    await expect(harness.session.answer('offer')).rejects.toMatchObject({ code: 'no_video' });
    expect(harness.toPixel).toEqual([]);
    harness.session.close();
  });

  it('that changes the formats of a running call is refused', async () => {
    const call = await openCall();
    const codec = { name: 'h264', payloadType: 102, clockRate: 90_000, parameters: '' };
    call.transport.media = [{ ...VIDEO, receive: [codec], send: { codec, ssrc: 0x3000 } }];
    await expect(call.session.answer('other')).rejects.toMatchObject({ code: 'state_invalid' });
    call.session.close();
  });
});
