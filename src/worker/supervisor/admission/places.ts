import { availableParallelism } from 'node:os';
import { GatewayError } from '../../../errors.ts';
import type { Clock, Milli } from '../../../time.ts';
import type { WorkerProcess } from '../worker-process.ts';
import { FreePlaces, MOST_RETRY } from './free-places.ts';
import { GpuRoom, type MeasuredGpus } from './gpu-room.ts';
import { place } from './place.ts';
import type { SessionCost } from './session-cost.ts';
import { WaitingLine, type Waiting } from './waiting-line.ts';

/** How often those who wait are looked at: what sessions cost is learned each second. */
const LOOK_EVERY: Milli = 1_000;

/** The media workers, as far as places are concerned. */
export interface WorkersNow {
  /** Those that take new sessions. */
  readonly ready: readonly WorkerProcess[];
  /** Those too that do not any more. */
  readonly all: readonly WorkerProcess[];
  /** As many as there should be. */
  readonly complete: boolean;
}

export interface PlacesOptions {
  readonly workers: () => WorkersNow;
  /** Of the broker; `undefined` while there is none. */
  readonly gpus: () => MeasuredGpus | undefined;
  /** Most sessions, whatever they cost; null: what fits by cost. */
  readonly maximumSessions: number | null;
  /** Most callers who may wait. */
  readonly maximumWaiting: number;
  readonly clock: Clock;
}

/** A session that asks for a place. */
interface Asked<Given> {
  readonly cost: SessionCost;
  /** Takes the place, at once. */
  readonly give: (worker: WorkerProcess) => Given;
}

/** What there is none of. Whoever waits for cores holds up all behind, who waits for GPUs only those who need them too. */
type Lacking = 'nothing' | 'gpus' | 'cores';

type Found =
  | { readonly worker: WorkerProcess }
  /** `never`: nor if all others left. */
  | { readonly lacking: Lacking; readonly error: GatewayError; readonly never?: true };

/** Gives sessions their places: each where most room is, those who wait first, others when to come back. */
export class Places<Given> {
  readonly #options: PlacesOptions;
  readonly #gpus: GpuRoom;
  readonly #free: FreePlaces;
  readonly #line: WaitingLine<Asked<Given>, Given>;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: PlacesOptions) {
    this.#options = options;
    this.#gpus = new GpuRoom(options.gpus);
    this.#free = new FreePlaces(options.clock);
    this.#line = new WaitingLine(options.maximumWaiting);
  }

  /** Callers who wait. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Has `give` take a place, at once or when it is its turn.
   * @param waiting left out: there must be a place now
   * @throws GatewayError capacity_full with the time to come back, worker_lost if no worker is ready, closed if it does not wait any more
   */
  async take(asked: Asked<Given>, waiting?: Waiting): Promise<Given> {
    const found = this.#find(asked.cost, this.#serve());
    if ('worker' in found) return asked.give(found.worker);
    const { error, never } = found;
    if (error.code !== 'capacity_full') throw error;
    if (waiting !== undefined && never === undefined && !this.#line.isFull) {
      this.#looking ??= setInterval(() => this.#serve(), LOOK_EVERY);
      return this.#line.join(asked, waiting);
    }
    const retryAfter = never ? MOST_RETRY : this.#free.retryAfter(this.#line.length);
    throw new GatewayError(error.code, error.message, { retryAfter });
  }

  /** A session has ended. */
  left(): void {
    this.#free.ended();
    this.#serve();
  }

  /** Idempotent. Those who wait are told to come back. */
  close(): void {
    clearInterval(this.#looking);
    this.#line.close(new GatewayError('closed', 'the gateway is going; try again in a moment'));
  }

  /** Lets those in who fit now; says what those who go on waiting lack. */
  #serve(): Lacking {
    let lacking: Lacking = 'nothing';
    this.#line.serve(({ cost, give }) => {
      const found = this.#find(cost, lacking);
      if ('worker' in found) return { given: give(found.worker) };
      if (found.never) return { failed: found.error };
      if (lacking !== 'cores') lacking = found.lacking;
      return 'waits';
    });
    if (this.#line.length === 0) {
      clearInterval(this.#looking);
      this.#looking = undefined;
    }
    return lacking;
  }

  /** @param lacking what somebody before waits for */
  #find(cost: SessionCost, lacking: Lacking): Found {
    const { workers, maximumSessions } = this.#options;
    const { ready, all, complete } = workers();
    if (ready.length === 0) return { lacking: 'cores', error: noWorker() };
    if (lacking === 'cores' || (lacking === 'gpus' && cost.networks !== undefined)) return { lacking, error: full() };
    // A limit that the operator has set counts instead of the estimate: it is a promise about the machine.
    const limited = maximumSessions !== null;
    if (cost.networks !== undefined && !limited) {
      const others = all.flatMap(({ networks }) => networks);
      const refused = this.#gpus.refusal(cost.networks, others);
      if (refused !== undefined) return { lacking: 'gpus', ...refused };
    }
    const sessions = all.reduce((sum, worker) => sum + worker.sessions, 0);
    const isFull = limited && sessions >= maximumSessions;
    const taken = all.reduce((sum, { load }) => sum + load.cores, 0);
    const machine = { cores: availableParallelism(), taken };
    const worker = isFull ? undefined : place(ready, limited ? 0 : cost.cores, machine);
    if (worker !== undefined) return { worker };
    // What a worker that is just being replaced could carry will be there in a moment.
    return { lacking: 'cores', error: !isFull && !complete ? noWorker() : full() };
  }
}

function full(): GatewayError {
  return new GatewayError('capacity_full', 'all places are taken; try again later');
}

/** No media worker is there to be asked. */
export function noWorker(): GatewayError {
  return new GatewayError('worker_lost', 'a media worker must be ready; try again in a moment');
}
