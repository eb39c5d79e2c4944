import type { Milli } from '../../../src/time.ts';
import type { Clip, ScriptName } from '../../media/clip.ts';
import type { Random } from '../../media/random.ts';
import type { GatewayProcess } from '../gateway/gateway-process.ts';
import { ExposureCall } from './exposure-call.ts';

/** What a scenario has at hand. */
export interface Stage {
  readonly gateway: GatewayProcess;
  readonly clip: Clip;
  readonly random: Random;
  /** Ids that can be worn: a photo's first. */
  readonly identities: readonly [string, ...string[]];
}

export interface Scenario {
  readonly script: ScriptName;
  readonly width: number;
  readonly height: number;
  /** Plays; returns its calls, closed. */
  readonly play: (stage: Stage) => Promise<ExposureCall[]>;
}

const SMALL = { width: 640, height: 480 } as const;
const LARGE = { width: 1280, height: 720 } as const;
/** A clip of ten seconds, once, and a little of its second round. */
const ONE_ROUND: Milli = 10_800;

const wait = (duration: Milli): Promise<void> => new Promise((resolve) => setTimeout(resolve, duration));

/** One call in which `during` happens. */
async function oneCall(
  stage: Stage,
  during: (call: ExposureCall) => Promise<void>,
  options: { readonly budget?: number } = {},
): Promise<ExposureCall[]> {
  const { gateway, clip, identities, random } = stage;
  const call = await ExposureCall.open({ gateway: gateway.url, clip, identity: identities[0], ...options }, random);
  await during(call);
  await call.close();
  return [call];
}

/** One call in which two faces wear different people, and everybody else nobody. */
async function twoParts(stage: Stage, position: readonly [1 | 'left', 2 | 'right']): Promise<ExposureCall[]> {
  const { gateway, clip, identities, random } = stage;
  const [, one, other] = identities;
  const wearers = [
    { identity: one!, position: position[0] },
    { identity: other!, position: position[1] },
  ];
  const call = await ExposureCall.open({ gateway: gateway.url, clip, wearers }, random);
  await wait(ONE_ROUND);
  await call.close();
  return [call];
}

const watch = (stage: Stage) => oneCall(stage, () => wait(ONE_ROUND));

/** Stops the media workers for `duration` with SIGSTOP. */
async function stopWorkers(gateway: GatewayProcess, duration: Milli): Promise<void> {
  const workers = gateway.mediaWorkers;
  for (const pid of workers) process.kill(pid, 'SIGSTOP');
  await wait(duration);
  for (const pid of workers) process.kill(pid, 'SIGCONT');
}

/** A caller whose call was cut off calls again, as the page does. */
async function callAgain(stage: Stage, limit: Milli): Promise<ExposureCall> {
  const { gateway, clip, identities, random } = stage;
  for (let left = limit; ; left -= 250) {
    try {
      return await ExposureCall.open({ gateway: gateway.url, clip, identity: identities.at(-1)! }, random);
    } catch (cause) {
      if (left <= 0) throw cause;
      await wait(250);
    }
  }
}

export const SCENARIOS: Record<string, Scenario> = {
  'turn-to-90': { script: 'turning', ...SMALL, play: watch },
  'leave-and-return': { script: 'leaving', ...SMALL, play: watch },
  'things-before-the-face': { script: 'covered', ...SMALL, play: watch },
  'two-people': { script: 'two-people', ...SMALL, play: watch },
  'faces-cross': { script: 'crossing', ...SMALL, play: (stage) => twoParts(stage, ['left', 'right']) },
  'one-leaves-another-comes': { script: 'replacing', ...SMALL, play: (stage) => twoParts(stage, [1, 2]) },
  'bystander-grows': { script: 'bystander', ...SMALL, play: watch },
  'identity-change': {
    script: 'talk',
    ...SMALL,
    play: (stage) =>
      oneCall(stage, async ({ signalling }) => {
        const round = [...stage.identities, null];
        for (let i = 0; i < 20; i++) {
          await wait(400 + stage.random.below(200));
          signalling.send({ type: 'change', identity: round[i % round.length]! });
        }
      }),
  },
  'keyframe-request-in-hold': {
    script: 'talk',
    ...LARGE,
    play: (stage) =>
      oneCall(
        stage,
        async ({ signalling }) => {
          const asking = setInterval(() => signalling.send({ type: 'keyframe' }), 40);
          for (let i = 0; i < 8; i++) {
            await wait(800);
            // Longer than the budget: what waited is late, so a hold begins.
            await stopWorkers(stage.gateway, 120 + 40 * i);
          }
          clearInterval(asking);
        },
        { budget: 20 },
      ),
  },
  'worker-stopped': {
    script: 'talk',
    ...SMALL,
    play: (stage) =>
      oneCall(stage, async () => {
        for (let i = 0; i < 5; i++) {
          await wait(1500);
          await stopWorkers(stage.gateway, 400);
        }
        await wait(1500);
      }),
  },
  'worker-killed': {
    script: 'talk',
    ...SMALL,
    play: async (stage) => {
      const [first] = await oneCall(stage, async () => {
        await wait(3000);
        for (const pid of stage.gateway.mediaWorkers) process.kill(pid, 'SIGKILL');
        await wait(500);
      });
      const second = await callAgain(stage, 20_000);
      await wait(3000);
      await second.close();
      return [first!, second];
    },
  },
  overload: {
    script: 'talk',
    ...LARGE,
    // Two cores carry four such calls at best.
    play: async (stage) => {
      const { gateway, clip, identities, random } = stage;
      const plan = { gateway: gateway.url, clip, identity: identities[0] };
      const opened = await Promise.allSettled(Array.from({ length: 12 }, () => ExposureCall.open(plan, random)));
      await wait(8000);
      const calls = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      await Promise.all(calls.map((call) => call.close()));
      return calls;
    },
  },
  'call-start': {
    script: 'talk',
    ...SMALL,
    play: async (stage) => {
      const calls: ExposureCall[] = [];
      for (let i = 0; i < 6; i++) calls.push(...(await oneCall(stage, () => wait(1500))));
      return calls;
    },
  },
};
