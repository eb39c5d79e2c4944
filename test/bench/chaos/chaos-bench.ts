import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { monotonic, type Milli } from '../../../src/time.ts';
import { encodedClip, sceneOf, type Clip, type ClipSettings } from '../../media/clip.ts';
import { Random } from '../../media/random.ts';
import { lookAt } from '../exposure/looked.ts';
import { GatewayProcess } from '../gateway/gateway-process.ts';
import { referenceOf } from '../judge/reference.ts';
import { round } from '../quantile.ts';
import { openCall, publish, view, type CallLife, type PublishLife, type ViewLife } from './lives.ts';
import { Returning, type Loss } from './returning.ts';

/** Small pictures, few a second: what is looked at is what follows a fault, not what a machine carries. */
const FRAME_RATE = 5;
const CLIP: ClipSettings = { script: 'talk', width: 320, height: 240, frameRate: FRAME_RATE };
/** Four in each of the two workers; the publisher and its viewer come on top. */
const CALLERS = 8;
/** Frames are not given up for being late: a frame that does not come is one that was disturbed. */
const BUDGET: Milli = 500;
const WORN = 'mask:gold';
/** Put on in the room after the start: what its publisher has to find again. */
const CHANGED = 'mask:porcelain';
/** From a fault on others are looked at for so long. */
const WATCHED: Milli = 4_000;
/** Then the last of their frames have come back, those that do: the budget and two frames more. */
const SETTLED: Milli = BUDGET + 2 * (1000 / FRAME_RATE);
const STARVED: Milli = 8_000;
/** For everybody to be back after a fault; more is a hang. */
const BACK_LIMIT: Milli = 90_000;

/** What a fault did. Times in milliseconds from the fault, NaN-free: who was not lost is not in them. */
export interface FaultFigures {
  /** Callers of pages that were told, by code, and when the last of them was told and was back. */
  readonly told: Readonly<Record<string, number>>;
  readonly toldMs: number;
  readonly pagesBackMs: number;
  /** WHIP publisher and WHEP viewer, where they were hit: when their resource answered 404, and when they flowed again. */
  readonly whip: { readonly goneMs: number; readonly backMs: number } | null;
  readonly whep: { readonly goneMs: number; readonly backMs: number } | null;
  /** Sessions elsewhere, their frames in the seconds after the fault, those of them that never came back, and as many before. */
  readonly elsewhere: { readonly sessions: number; readonly after: Missing; readonly before: Missing };
}

/** Frames sent in four seconds, those of them that never came back, and how long the clients' process stood still at most. */
interface Missing {
  readonly frames: number;
  readonly disturbed: number;
  readonly clientStoodMs: number;
}

/** How long this process, which is all clients, stands still. */
const standing = monitorEventLoopDelay({ resolution: 5 });

/** The JSON of `bench chaos`. */
export interface ChaosFigures {
  readonly killed: FaultFigures;
  readonly stopped: FaultFigures;
  readonly starved: FaultFigures;
  /** Media workers that were replaced. */
  readonly replaced: number;
  /** Worn in the room at the end. */
  readonly worn: string | null;
  readonly exposure: { readonly frames: number; readonly exposed: number };
}

interface Clients {
  readonly pages: readonly Returning<CallLife>[];
  readonly publisher: Returning<PublishLife>;
  readonly viewer: Returning<ViewLife>;
}

/** Kills, stops and starves media workers under load. */
export async function benchChaos(seed: number): Promise<ChaosFigures> {
  const clip = await encodedClip(CLIP, 'vp8');
  const gateway = await GatewayProcess.start({ GUISE_MEDIA_WORKERS: '2', GUISE_SESSIONS: '64' });
  try {
    // It is healthy with the first worker; callers who come before the second would all be in one.
    while ((await metric(gateway, 'guise_media_workers')) < 2) await wait(50);
    const clients = await connectAll(gateway, clip, new Random(seed));
    await wear(gateway, CHANGED);
    standing.enable();
    await wait(WATCHED);
    const workers = gateway.mediaWorkers;
    const killed = await fault(clients, () => process.kill(workers[0]!, 'SIGKILL'));
    const stopped = await fault(clients, () => process.kill(workers[1]!, 'SIGSTOP'));
    const starved = await fault(clients, () => starve(gateway));
    await wait(2_000);
    const { worn, replaced } = await stateOf(gateway);
    const all = [clients.viewer, clients.publisher, ...clients.pages];
    await Promise.all(all.map((client) => client.close()));
    return { killed, stopped, starved, replaced, worn, exposure: await lookAtAll(clients, clip) };
  } finally {
    await gateway.stop();
  }
}

async function connectAll(gateway: GatewayProcess, clip: Clip, random: Random): Promise<Clients> {
  const plan = { gateway: gateway.url, clip, identity: WORN, budget: BUDGET, maximumSide: CLIP.width };
  const whip = `${gateway.url}/whip/stage?identity=${WORN}`;
  // All at once: placed before anything is learned of them, they are spread evenly.
  const pages = await Promise.all(
    Array.from({ length: CALLERS }, () => Returning.open(() => openCall(plan, random), random)),
  );
  const publisher = await Returning.open(() => publish(whip, clip, random), random);
  const viewer = await Returning.open(() => view(`${gateway.url}/whep/stage`, clip), random);
  return { pages, publisher, viewer };
}

/** Does something to the gateway, and tells what came of it once everybody is back. */
async function fault(clients: Clients, strike: () => unknown): Promise<FaultFigures> {
  const { pages, publisher, viewer } = clients;
  const all = [publisher, viewer, ...pages];
  const before = new Map<unknown, number>(all.map((client) => [client, client.losses.length]));
  const at = monotonic.now();
  const stoodBefore = takeStanding();
  await strike();
  const since = ({ losses }: { readonly losses: readonly Loss[] }, client: unknown) => losses.slice(before.get(client));
  // A worker that is stopped is given up after three seconds; what is lost then must be back, too.
  await wait(WATCHED);
  const stoodAfter = takeStanding();
  await wait(SETTLED);
  while (!all.every(({ isBack }) => isBack)) {
    if (monotonic.now() - at > BACK_LIMIT) throw new Error('everybody must be back');
    await wait(50);
  }
  const hit = pages.flatMap((page) => since(page, page));
  const spared = pages.filter((page) => since(page, page).length === 0);
  const times = ([loss]: readonly Loss[]) =>
    loss === undefined ? null : { goneMs: round(loss.at - at, 0), backMs: round((loss.back ?? NaN) - at, 0) };
  return {
    told: count(hit.map(({ code }) => code)),
    toldMs: round(Math.max(0, ...hit.map((loss) => loss.at - at)), 0),
    pagesBackMs: round(Math.max(0, ...hit.map(({ back = NaN }) => back - at)), 0),
    whip: times(since(publisher, publisher)),
    whep: times(since(viewer, viewer)),
    elsewhere: {
      sessions: spared.length,
      after: { ...missing(spared, at), clientStoodMs: stoodAfter },
      before: { ...missing(spared, at - WATCHED), clientStoodMs: stoodBefore },
    },
  };
}

/** The longest since it was asked the last time, milliseconds. */
function takeStanding(): Milli {
  const longest = standing.max / 1e6;
  standing.reset();
  return round(longest, 0);
}

function missing(pages: Clients['pages'], from: Milli): Omit<Missing, 'clientStoodMs'> {
  const frames = pages.flatMap(({ lives }) =>
    lives.at(-1)!.call.sent.filter(({ sent }) => sent >= from && sent < from + WATCHED),
  );
  return { frames: frames.length, disturbed: frames.filter(({ back }) => back === undefined).length };
}

/** Twice as many busy loops as cores, and workers that are stopped for 400 ms again and again. */
async function starve(gateway: GatewayProcess): Promise<void> {
  const hogs: ChildProcess[] = [];
  for (let i = 0; i < 2 * availableParallelism(); i++) {
    hogs.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  }
  const end = monotonic.now() + STARVED;
  while (monotonic.now() < end) {
    const workers = gateway.mediaWorkers;
    for (const pid of workers) process.kill(pid, 'SIGSTOP');
    await wait(400);
    for (const pid of workers) process.kill(pid, 'SIGCONT');
    await wait(1_200);
  }
  for (const hog of hogs) hog.kill('SIGKILL');
}

async function wear(gateway: GatewayProcess, identity: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ identity });
  const { status } = await fetch(`${gateway.url}/v1/rooms/stage`, { method: 'PATCH', headers, body });
  if (status !== 200) throw new Error(`the room must take another identity [${status}]`);
}

async function stateOf(gateway: GatewayProcess): Promise<{ worn: string | null; replaced: number }> {
  const room = (await (await fetch(`${gateway.url}/v1/rooms/stage`)).json()) as { identity: string | null };
  return { worn: room.identity, replaced: await metric(gateway, 'guise_media_worker_restarts') };
}

async function metric(gateway: GatewayProcess, name: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

/** Every picture that came back in any life of any client. */
async function lookAtAll({ pages, publisher, viewer }: Clients, clip: Clip): Promise<ChaosFigures['exposure']> {
  const truth = { reference: await referenceOf(clip, CLIP, { keepEvery: Infinity }), scene: sceneOf(CLIP) };
  const sent = publisher.lives.flatMap(({ stream }) => stream.sent);
  const looks = [
    ...pages.flatMap(({ lives }) => lives.map(({ call }) => call.look(truth.reference, truth.scene))),
    ...viewer.lives.map(({ returned }) => lookAt({ sent, returned, clip }, truth)),
  ];
  let [frames, exposed] = [0, 0];
  for (const looked of await Promise.all(looks)) {
    frames += looked.frames;
    exposed += looked.exposed;
  }
  return { frames, exposed };
}

function count(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

function wait(duration: Milli): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration));
}
