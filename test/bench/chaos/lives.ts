/** What the clients of the chaos bench are: a page's call, a publisher by WHIP, a viewer by WHEP. */
import { monotonic, type Milli } from '../../../src/time.ts';
import type { Clip } from '../../media/clip.ts';
import type { Random } from '../../media/random.ts';
import { ReceivingEnd } from '../client/ends/receiving-end.ts';
import { Peer } from '../client/peer.ts';
import { Stream, paceStreams, type ReturnedFrame } from '../client/stream.ts';
import { Whip } from '../client/whip.ts';
import { ExposureCall } from '../exposure/exposure-call.ts';
import type { Life } from './returning.ts';

/** How often a client of WHIP or WHEP looks whether its resource is still there. */
const LOOK_EVERY: Milli = 100;
const TICK: Milli = 10;

export interface CallLife extends Life {
  readonly call: ExposureCall;
}

/** A call of a page; small pictures, so that many fit. */
export async function openCall(plan: Parameters<typeof ExposureCall.open>[0], random: Random): Promise<CallLife> {
  const call = await ExposureCall.open(plan, random);
  const lost: CallLife['lost'] = new Promise((resolve) => {
    call.signalling.onMessage = (message) => {
      if (message.type === 'error' && message.fatal) resolve({ code: message.code, retry: message.retry });
    };
  });
  return { call, lost, flows: call.first, close: () => call.close() };
}

export interface PublishLife extends Life {
  readonly stream: Stream;
}

/** Publishes a clip into a room. */
export async function publish(endpoint: string, clip: Clip, random: Random): Promise<PublishLife> {
  const door = new Whip(endpoint);
  const stream = new Stream(clip, door, random);
  await stream.connect();
  const sendFrame = () => stream.sendFrame();
  const pacing = paceStreams([{ sendFrame, phase: random.next(), frameRate: clip.frameRate }]);
  const { lost, stop } = watchResource(door);
  const close = async (): Promise<void> => {
    stop();
    pacing.stop();
    await stream.close();
  };
  return { stream, lost, flows: Promise.resolve(), close };
}

export interface ViewLife extends Life {
  readonly returned: readonly ReturnedFrame[];
}

/** Watches a room. */
export async function view(endpoint: string, clip: Clip): Promise<ViewLife> {
  const door = new Whip(endpoint);
  const peer = await Peer.connect(door, { codec: clip.codec, direction: 'recvonly' });
  const returned: ReturnedFrame[] = [];
  let came: () => void = () => undefined;
  const flows = new Promise<void>((resolve) => (came = resolve));
  const receiving = new ReceivingEnd({
    negotiated: peer.negotiated,
    senderSsrc: peer.ssrc,
    onChunk: ({ data, keyframe }) => {
      returned.push({ back: monotonic.now(), data, keyframe });
      came();
    },
    onFeedback: (packets) => peer.sendRtcp(packets),
  });
  peer.listen({
    onRtp: (data) => receiving.onRtp(new Uint8Array(data), monotonic.now()),
    onRtcp: (packets) => {
      for (const packet of packets) receiving.onRtcp(packet, monotonic.now());
    },
  });
  const timer = setInterval(() => receiving.poll(monotonic.now()), TICK);
  const { lost, stop } = watchResource(door);
  const close = async (): Promise<void> => {
    stop();
    clearInterval(timer);
    await door.close();
    await peer.close();
  };
  return { returned, lost, flows, close };
}

/** Looks whether the resource is there, until it is not. */
function watchResource(door: Whip): { lost: Life['lost']; stop: () => void } {
  let stopped = false;
  const stop = (): void => void (stopped = true);
  const lost: Life['lost'] = new Promise((resolve) => {
    const look = async (): Promise<void> => {
      const isThere = await door.isThere();
      if (stopped) return;
      if (!isThere) resolve({ code: '404' });
      else setTimeout(() => void look(), LOOK_EVERY);
    };
    void look();
  });
  return { lost, stop };
}
