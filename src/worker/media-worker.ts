/**
 * Entry of a media worker: a child process whose main thread does the sessions' I/O, with pixel threads and a photo thread
 * beside it. Bytes of strangers are parsed here and nowhere else. It ends when its gateway is gone.
 */
import { Socket } from 'node:net';
import { GatewayError } from '../errors.ts';
import { threadHeld } from '../held.ts';
import { createLog } from '../log.ts';
import { prepareTransport } from '../session/transport/create-transport.ts';
import { MASKS } from '../swap/masks/paint.ts';
import { SharedDoors } from '../session/transport/shared-doors.ts';
import { monotonic, type Milli } from '../time.ts';
import { PhotoDesk } from './threads/photo-desk.ts';
import { PixelCrew } from './threads/pixel-crew.ts';
import { Channel, CHILD_WIRE_FD, GATEWAY_SILENCE, type Answer, type WireMessage } from './wire/channel.ts';
import { fedChunkSchema, fedSchema, fedSoundSchema } from './wire/feed-protocol.ts';
import { unpackCast } from './wire/cast-bytes.ts';
import { packIdentity } from './wire/identity-bytes.ts';
import {
  candidateSchema,
  changeSchema,
  configureSchema,
  offerSchema,
  openSchema,
  patchSchema,
  photoSchema,
  sessionOnlySchema,
  watchSchema,
  type Configured,
  type MediaWorkerSettings,
  type WorkerHeld,
  type WorkerResources,
} from './wire/protocol.ts';
import { WorkerSessions } from './worker-sessions.ts';

/** How often the gateway is told what this process takes. */
const RESOURCES_EVERY: Milli = 1_000;
/** Time for what peers are told at the end to leave the sockets. */
const FAREWELL: Milli = 50;

const log = createLog('media-worker');

interface Running {
  readonly crew: PixelCrew;
  readonly desk: PhotoDesk;
  readonly recogniser: PhotoDesk;
  readonly sessions: WorkerSessions;
}
let running: Running | undefined;

// Ctrl-C and service managers signal the whole group of processes; but peers are told first, when the gateway says so.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

const channel = new Channel(new Socket({ fd: CHILD_WIRE_FD }), {
  onRequest: async (message) => {
    try {
      return await answer(message);
    } catch (error) {
      // The gateway is told only that something went wrong; here is what.
      if (!(error instanceof GatewayError)) log.error({ err: error, request: message.type }, 'request failed');
      throw error;
    }
  },
  onNotice: take,
  // Without its gateway nobody can end the sessions of this process, so it ends with all of them.
  onClose: (reason) => {
    log.info({ reason }, 'media worker ends');
    process.exit(0);
  },
});

async function answer({ type, body, payload }: WireMessage): Promise<Answer> {
  switch (type) {
    case 'configure':
      return { body: await start(configureSchema.parse(body)) };
    case 'open': {
      const { session, settings, ...cast } = openSchema.parse(body);
      runningNow().sessions.open(session, settings, unpackCast(cast, payload));
      return {};
    }
    case 'offer': {
      const { session, sdp } = offerSchema.parse(body);
      return { body: { sdp: await runningNow().sessions.answer(session, sdp) } };
    }
    case 'watch': {
      const { session, watched } = watchSchema.parse(body);
      runningNow().sessions.watch(session, watched);
      return {};
    }
    case 'feed':
      return { body: runningNow().sessions.feed(sessionOnlySchema.parse(body).session) };
    case 'fed': {
      const { session, ...options } = fedSchema.parse(body);
      runningNow().sessions.fed(session, options);
      return {};
    }
    case 'patch': {
      const { session, fragment } = patchSchema.parse(body);
      return { body: { fragment: await runningNow().sessions.patch(session, fragment) } };
    }
    case 'change': {
      const { session, settings, ...cast } = changeSchema.parse(body);
      await runningNow().sessions.change(session, settings, unpackCast(cast, payload));
      return {};
    }
    case 'close':
      runningNow().sessions.close(sessionOnlySchema.parse(body).session);
      return {};
    case 'photo':
      return judge(payload, photoSchema.parse(body));
    case 'masks':
      return masks();
    case 'held':
      return { body: await held() };
    case 'end':
      await end();
      return {};
    default:
      throw new GatewayError('message_invalid', `a media worker must know what it is asked [type:${type}]`);
  }
}

function take({ type, body, payload }: WireMessage): void {
  const sessions = running?.sessions;
  switch (type) {
    case 'candidate': {
      const { session, candidate, mid } = candidateSchema.parse(body);
      return sessions?.addCandidate(session, candidate, mid);
    }
    case 'keyframe':
      return sessions?.requestKeyframe(sessionOnlySchema.parse(body).session);
    case 'chunk':
      return sessions?.fedChunk(fedChunkSchema.parse(body), payload);
    case 'sound': {
      const { session, arrived } = fedSoundSchema.parse(body);
      return sessions?.fedSound(session, { data: payload, arrived });
    }
    case 'unfeed':
      return sessions?.unfeed(sessionOnlySchema.parse(body).session);
    case 'unfed':
      return sessions?.unfed(sessionOnlySchema.parse(body).session);
    default:
  }
}

async function start(settings: MediaWorkerSettings): Promise<Configured> {
  const createTransport = await prepareTransport(settings.transport);
  const doors = await SharedDoors.open(settings.reach);
  const crew = new PixelCrew({
    threads: settings.pixelThreads,
    start: {
      hardware: settings.codecs.hardware,
      decodeLimit: settings.limits.decodeMilliseconds,
      ...(settings.broker !== null && { broker: settings.broker }),
      recipes: settings.recipes,
    },
    log,
    onHopeless: () => {
      log.fatal('pixel threads die again and again');
      process.exit(1);
    },
  });
  const frameCost = await crew.start({ gently: settings.gently });
  const { maximumBytes, maximumPixels, recipes } = settings;
  const desk = new PhotoDesk({ maximumBytes, maximumPixels, recipes });
  // A thread of its own: who is to be recognised in a call must not wait behind somebody's ten photos.
  const recogniser = new PhotoDesk({ maximumBytes, maximumPixels, recipes });
  const recognise = (crop: Uint8Array): Promise<Float32Array> => recogniser.recognise(crop);
  const sessions = new WorkerSessions({
    ...{ crew, settings, doors, recognise, createTransport, channel, log },
    clock: monotonic,
  });
  running = { crew, desk, recogniser, sessions };
  channel.startPinging({ silence: GATEWAY_SILENCE });
  tellResources();
  return { masks: MASKS.map(({ name }) => `mask:${name}`), frameCost };
}

function tellResources(): void {
  let before = { at: monotonic.now(), used: process.cpuUsage() };
  setInterval(() => {
    const { user, system } = process.cpuUsage(before.used);
    const now = monotonic.now();
    const cpu = (user + system) / (now - before.at);
    before = { at: now, used: process.cpuUsage() };
    const body: WorkerResources = { residentBytes: process.memoryUsage.rss(), cpu };
    channel.notifyIfRoom({ type: 'resources', body });
  }, RESOURCES_EVERY);
}

async function judge(photos: Uint8Array, how: ReturnType<typeof photoSchema.parse>): Promise<Answer> {
  const { identity, warnings, refusals, thumbnail } = await runningNow().desk.judge(photos, how);
  const { head, parts } = packIdentity(identity);
  return {
    body: { identity: head, warnings, refusals, thumbnailBytes: thumbnail.length },
    payload: [...parts, thumbnail],
  };
}

async function masks(): Promise<Answer> {
  const { masks: painted } = await runningNow().desk.masks();
  return {
    body: { masks: painted.map(({ id, title, thumbnail }) => ({ id, title, thumbnailBytes: thumbnail.length })) },
    payload: painted.map(({ thumbnail }) => thumbnail),
  };
}

async function held(): Promise<WorkerHeld> {
  const { crew, sessions } = runningNow();
  const { heapBytes, handles, sessions: pixelSessions, ...native } = await crew.held();
  return {
    residentBytes: process.memoryUsage.rss(),
    threads: { main: threadHeld(), pixels: { heapBytes, handles } },
    objects: { ...sessions.count, pixelSessions, ...native },
  };
}

async function end(): Promise<void> {
  if (running === undefined) return;
  const { crew, desk, recogniser, sessions } = running;
  sessions.closeAll();
  await Promise.all([desk.close(), recogniser.close(), crew.close()]);
  await new Promise((resolve) => setTimeout(resolve, FAREWELL));
}

function runningNow(): Running {
  if (running === undefined) throw new GatewayError('worker_lost', 'the media worker must be configured first');
  return running;
}
