import { readFileSync } from 'node:fs';
import { encodedClip } from '../../media/clip.ts';
import { portraitFile } from '../../media/portrait.ts';
import { Random } from '../../media/random.ts';
import { uploadPhoto } from '../client/signalling.ts';
import { GatewayProcess } from '../gateway/gateway-process.ts';
import { round } from '../quantile.ts';
import { COLLECTING, readSettled, sumOf, type Held } from './held.ts';
import { slope } from './slope.ts';
import { visitCall, visitRoom, type Place } from './visit.ts';

/** Cycles before the first look, unless told otherwise: code is compiled, pools are filled. */
const WARM_UP = 20;
/** Looks beside the first, unless told otherwise. */
const LOOKS = 20;
/** A cycle opens and closes a caller, a publisher and a viewer. */
const PEERS = 3;

export interface CyclesOrder {
  readonly cycles: number;
  readonly warmUp?: number;
  readonly looks?: number;
  /** Wears a photo's identity too, default; else painted masks alone. */
  readonly photo?: boolean;
  /** Settings of the gateway besides. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly transport: 'werift' | 'libdatachannel';
  readonly seed: number;
}

/** The JSON of `bench cycles`. */
export interface CyclesFigures {
  readonly transport: string;
  readonly cycles: number;
  readonly closedSessions: number;
  /** Least-squares slopes of what is live after a forced collection, gateway and media workers together. */
  readonly perClosedSession: { readonly heapKb: number; readonly residentKb: number };
  /** Held at the end beyond what was held at the beginning. */
  readonly left: { readonly handles: number; readonly descriptors: number; readonly objects: number };
  /** Slopes of the heaps by process and threads, kB a closed session. */
  readonly heapsKb: Readonly<Record<string, number>>;
}

/** Sessions opened, used and closed again and again: what of them stays? */
export async function benchCycles(order: CyclesOrder): Promise<CyclesFigures> {
  const { cycles, warmUp = WARM_UP, looks: count = LOOKS, transport, seed, photo = true } = order;
  const clip = await encodedClip({ script: 'talk', width: 320, height: 240, frameRate: 15 }, 'vp8');
  const gateway = await GatewayProcess.start({
    ...COLLECTING,
    GUISE_MEDIA_TRANSPORT: transport,
    GUISE_SESSIONS: '64',
    ...order.settings,
  });
  try {
    const { url } = gateway;
    const identities = ['mask:gold', 'mask:tiger'];
    if (photo) identities.push(await uploadPhoto(url, readFileSync(portraitFile('astronaut'))));
    const place = { url, clip, random: new Random(seed), identities, restart: transport === 'werift' };
    await run(place, warmUp);
    const looks = [await readSettled(gateway, 0)];
    const stride = Math.ceil(cycles / count);
    for (let done = 0; done < cycles; done += stride) {
      await run(place, stride);
      looks.push(await readSettled(gateway, 0));
      console.error(JSON.stringify(Object.fromEntries(looks.at(-1)!)));
    }
    return figuresOf(looks, { stride, transport });
  } finally {
    await gateway.stop();
  }
}

async function run(place: Place, cycles: number): Promise<void> {
  for (let cycle = 0; cycle < cycles; cycle++) {
    await visitCall(place, cycle % 2 === 0 ? 'bye' : 'cut');
    await visitRoom(place, cycle % 2 === 0 ? 'publisher' : 'viewer');
  }
}

function figuresOf(
  looks: readonly Held[],
  { stride, transport }: { readonly stride: number; readonly transport: string },
): CyclesFigures {
  const cycles = (looks.length - 1) * stride;
  const perSession = (value: (held: Held) => number): number =>
    round(slope(looks.map(value)) / stride / PEERS / 1e3, 2);
  const [first, last] = [looks[0]!, looks.at(-1)!];
  const more = (kind: Parameters<typeof sumOf>[1]): number => sumOf(last, kind) - sumOf(first, kind);
  const heaps = [...first.keys()].filter((name) => name.startsWith('heap '));
  return {
    transport,
    cycles,
    closedSessions: cycles * PEERS,
    perClosedSession: {
      heapKb: perSession((held) => sumOf(held, 'heap')),
      residentKb: perSession((held) => sumOf(held, 'resident')),
    },
    left: { handles: more('handles'), descriptors: more('descriptors'), objects: more('objects') },
    heapsKb: Object.fromEntries(heaps.map((name) => [name, perSession((held) => held.get(name) ?? 0)])),
  };
}
