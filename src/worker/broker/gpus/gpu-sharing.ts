import type { GpuSettings } from '../../../config/gpu.ts';
import { GatewayError } from '../../../errors.ts';
import type { Logger } from '../../../log.ts';
import type { Milli } from '../../../time.ts';
import { MpsDaemon, withoutMps, type ClientShare } from '../../mps/mps-daemon.ts';

/** How often an MPS server is asked how it is. */
const WATCH_EVERY: Milli = 2_000;
const MIB = 2 ** 20;
/** Percent of a GPU's multiprocessors that its workers may take together: twice all, so that one may use what others leave. */
const THREADS_TOGETHER = 200;

/** With what a worker is started on a GPU. */
export interface WorkerPlace {
  readonly env: Readonly<Record<string, string>>;
  readonly beforeKill?: (pid: number) => Promise<void>;
}

/** What is started; it has loaded something onto the GPU. */
export interface Sharer {
  readonly pid: number | undefined;
  close(): Promise<void>;
}

export interface GpuSharingOptions {
  readonly settings: Pick<GpuSettings, 'provider' | 'mps' | 'workersPerGpu'>;
  /** Index of the GPU. */
  readonly device: number;
  /** As nvidia-smi says it; `undefined` if it says nothing. */
  readonly uuid: string | undefined;
  /** All workers of this GPU must end: its MPS server is at fault, or its daemon gone. */
  readonly onFault: (health: 'fault' | 'gone') => void;
  readonly log: Logger;
}

/** How the workers of one GPU share it: behind an MPS daemon or, where there is none, by turns. Owns the daemon. */
export class GpuSharing {
  readonly #options: GpuSharingOptions;
  #daemon: MpsDaemon | undefined;
  #kind: 'none' | 'started' | 'attached' = 'none';
  #opening: Promise<MpsDaemon | undefined> | undefined;
  #watching: NodeJS.Timeout | undefined;

  constructor(options: GpuSharingOptions) {
    this.#options = options;
  }

  /** Whether the worker that came last is really behind a daemon, and whose. */
  get kind(): 'none' | 'started' | 'attached' {
    return this.#kind;
  }

  /**
   * Has a worker started in its place.
   * @throws GatewayError mps_failed if there must be MPS and is none, and as `start`
   */
  async start<Worker extends Sharer>(start: (place: WorkerPlace) => Promise<Worker>): Promise<Worker> {
    const daemon = await this.#open();
    if (daemon === undefined) return start({ env: this.#envAlone() });
    const place: WorkerPlace = {
      env: daemon.clientEnvironment(this.#share()),
      beforeKill: async (pid) => void (await daemon.terminate(pid)),
    };
    const { worker, behind } = await daemon.admit(() => start(place));
    if (!behind) await this.#notBehind(worker);
    this.#kind = !behind ? 'none' : daemon.attached ? 'attached' : 'started';
    return worker;
  }

  /** After all workers. Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#watching);
    await this.#daemon?.close();
    this.#daemon = undefined;
  }

  async #notBehind(worker: Sharer): Promise<void> {
    const { settings, device, log } = this.#options;
    log.warn({ device, child: worker.pid }, 'a GPU worker is not behind MPS and shares the GPU by turns');
    if (settings.mps.mode === 'auto') return;
    await worker.close();
    throw new GatewayError('mps_failed', `a GPU worker must be behind the MPS daemon [device:${device}]`);
  }

  // Workers that start together open one daemon.
  #open(): Promise<MpsDaemon | undefined> {
    if (this.#daemon !== undefined) return Promise.resolve(this.#daemon);
    this.#opening ??= this.#openDaemon().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #openDaemon(): Promise<MpsDaemon | undefined> {
    const { settings, device, uuid, log } = this.#options;
    const { mode, pipeDirectory } = settings.mps;
    if (mode === 'off' || !usesCuda(settings)) return undefined;
    try {
      if (uuid === undefined) throw new GatewayError('mps_failed', `nvidia-smi must know the GPU [device:${device}]`);
      const pipes = pipeDirectory ?? (mode === 'on' ? '' : undefined);
      const daemon = await MpsDaemon.open({ device: uuid, log, pipes });
      this.#daemon = daemon;
      if (mode === 'attach' && !daemon.attached) {
        await this.close();
        throw new GatewayError('mps_failed', 'an MPS daemon must answer at gpu.mps.pipeDirectory');
      }
      this.#watch(daemon);
      return daemon;
    } catch (error) {
      if (mode !== 'auto' || !(error instanceof GatewayError)) throw error;
      log.warn({ err: error, device }, 'no MPS here: workers share the GPU by turns');
      return undefined;
    }
  }

  #watch(daemon: MpsDaemon): void {
    const { log, device, onFault } = this.#options;
    let asking = false;
    clearInterval(this.#watching);
    const ask = async (): Promise<void> => {
      if (asking) return;
      asking = true;
      const health = await daemon.health();
      asking = false;
      if (this.#daemon !== daemon || health === 'idle' || health === 'active') return;
      log.error({ device, health }, 'MPS is at fault; all workers of this GPU are started again');
      if (health === 'gone') {
        clearInterval(this.#watching);
        this.#daemon = undefined;
      }
      onFault(health);
    };
    this.#watching = setInterval(() => void ask(), WATCH_EVERY);
  }

  #share(): ClientShare {
    const { mps, workersPerGpu } = this.#options.settings;
    const activeThreads = mps.threadPercentage ?? Math.min(100, Math.round(THREADS_TOGETHER / workersPerGpu));
    return {
      ...(activeThreads < 100 && { activeThreads }),
      ...(mps.memoryMegabytes !== null && { memory: mps.memoryMegabytes * MIB }),
    };
  }

  /** A worker sees its GPU only, which is 0 to it. */
  #envAlone(): Record<string, string> {
    const { settings, device, uuid } = this.#options;
    if (!usesCuda(settings)) return {};
    return { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', ...withoutMps(uuid ?? String(device)) };
  }
}

/** Whether a GPU of NVIDIA's is meant, and CUDA's environment counts. */
export function usesCuda({ provider }: Pick<GpuSettings, 'provider'>): boolean {
  return provider === 'cuda' || provider === 'tensorrt';
}
