import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { MpsControl } from './mps-control.ts';

/** How a GPU's MPS is. `idle`: no client has come yet. `fault`: its clients must all end. `gone`: the daemon does not answer. */
export type MpsHealth = 'idle' | 'active' | 'fault' | 'gone';

/** How much of the GPU one client may take. */
export interface ClientShare {
  /** Most of the multiprocessors, percent; a cap, not a reservation. Left out: all. */
  readonly activeThreads?: number;
  /** Most memory on the device, bytes. Left out: all. */
  readonly memory?: number;
}

export interface MpsOptions {
  /** UUID of the GPU, as nvidia-smi says it. */
  readonly device: string;
  /** Folder for pipes and logs of daemons that are started here; short, since sockets lie in it. Default: one of this user's. */
  readonly folder?: string;
  /** Pipe directory of a daemon that may be running already. Default: `CUDA_MPS_PIPE_DIRECTORY`. */
  readonly pipes?: string | undefined;
  readonly program?: string;
  readonly log: Logger;
}

/** The MPS control daemon of one GPU: started here, or found. Its owner closes it after its clients. */
export class MpsDaemon {
  /** Whether it was there before: then it is another's to end. */
  readonly attached: boolean;
  readonly #control: MpsControl;
  readonly #pipes: string;
  readonly #device: string;
  readonly #log: Logger;
  /** What MPS calls each worker, by the worker's process id: they differ if the daemon sees other process ids than we do. */
  readonly #clients = new Map<number, number>();
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(
    control: MpsControl,
    options: Pick<MpsOptions, 'device' | 'log'> & { readonly pipes: string; readonly attached: boolean },
  ) {
    this.#control = control;
    this.#pipes = options.pipes;
    this.#device = options.device;
    this.#log = options.log;
    this.attached = options.attached;
  }

  /**
   * Attaches to the daemon that `pipes` names, or to one that was left behind here; else starts one.
   * @throws GatewayError mps_failed where there is no MPS: the GPU can then be used without, and that should be said
   */
  static async open(options: MpsOptions): Promise<MpsDaemon> {
    const { device, log, program, folder = defaultFolder() } = options;
    const given = options.pipes ?? process.env['CUDA_MPS_PIPE_DIRECTORY'];
    const at = (pipes: string, logs: string): MpsControl =>
      new MpsControl({ pipes, logs, ...(program !== undefined && { program }) });
    if (given !== undefined && given !== '') {
      const control = at(given, given);
      if (await control.answers()) {
        log.info({ pipes: given, device }, 'attached to an MPS daemon');
        return new MpsDaemon(control, { device, log, pipes: given, attached: true });
      }
      log.warn({ pipes: given, device }, 'no MPS daemon answers where one was said to be');
    }
    const [pipes, logs] = [join(folder, device, 'pipe'), join(folder, device, 'log')];
    for (const path of [pipes, logs]) await mkdir(path, { recursive: true, mode: 0o700 });
    const control = at(pipes, logs);
    if (!(await control.answers())) await startDaemon(control, device);
    log.info({ pipes, device }, 'MPS daemon started');
    return new MpsDaemon(control, { device, log, pipes, attached: false });
  }

  /** Environment of a worker that is to be a client. */
  clientEnvironment({ activeThreads, memory }: ClientShare = {}): Record<string, string> {
    return {
      CUDA_MPS_PIPE_DIRECTORY: this.#pipes,
      // A daemon that was started here shows one GPU, which is 0 to its clients, whatever it is to others.
      CUDA_VISIBLE_DEVICES: this.attached ? this.#device : '0',
      ...(activeThreads !== undefined && { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: String(activeThreads) }),
      ...(memory !== undefined && { CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: `0=${Math.floor(memory / 2 ** 20)}M` }),
    };
  }

  /**
   * Has a worker started, and sees whether it is a client then: CUDA goes on without MPS, and without a word, where it does not
   * find the daemon. One worker at a time, so that one that MPS knows by another process id is told from others.
   * @param start must have loaded something onto the GPU
   */
  async admit<T extends { readonly pid: number | undefined }>(
    start: () => Promise<T>,
  ): Promise<{ readonly worker: T; readonly behind: boolean }> {
    const turn = this.#turn.then(async () => {
      const before = await this.#clientsSeen();
      const worker = await start();
      const client = identify(worker.pid, before, await this.#clientsSeen());
      if (worker.pid !== undefined && client !== undefined) this.#clients.set(worker.pid, client);
      return { worker, behind: client !== undefined };
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Process ids of its servers, as MPS says them. @throws GatewayError mps_failed */
  servers(): Promise<number[]> {
    return this.#control.servers();
  }

  /** Process ids of all clients of this GPU, as MPS says them. @throws GatewayError mps_failed */
  async clients(): Promise<number[]> {
    const servers = await this.#control.servers();
    return (await Promise.all(servers.map((server) => this.#control.clients(server)))).flat();
  }

  /**
   * To be called before a worker is killed: what the others see of one that is cut off amid work is not defined. Never rejects,
   * and takes some seconds at most; a worker that is no client is left alone.
   * @returns whether MPS has let go of it
   */
  async terminate(worker: number): Promise<boolean> {
    const client = this.#clients.get(worker) ?? worker;
    this.#clients.delete(worker);
    try {
      for (const server of await this.#control.servers()) {
        if (!(await this.#control.clients(server)).includes(client)) continue;
        await this.#control.terminateClient(server, client);
        return true;
      }
    } catch (error) {
      this.#log.warn({ err: error, child: worker }, 'MPS did not let go of a client');
    }
    return false;
  }

  /** Never rejects. */
  async health(): Promise<MpsHealth> {
    try {
      const servers = await this.#control.servers();
      const states = await Promise.all(servers.map((server) => this.#control.serverStatus(server)));
      if (states.includes('FAULT')) return 'fault';
      return states.length === 0 ? 'idle' : 'active';
    } catch (error) {
      this.#log.warn({ err: error }, 'an MPS daemon does not answer');
      return 'gone';
    }
  }

  async #clientsSeen(): Promise<number[]> {
    try {
      return await this.clients();
    } catch (error) {
      this.#log.warn({ err: error }, 'MPS does not say who its clients are');
      return [];
    }
  }

  /** Idempotent. Ends the daemon if it was started here; one that was attached to is left as it is. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.attached) return;
    try {
      await this.#control.quit();
    } catch (error) {
      this.#log.warn({ err: error }, 'an MPS daemon did not end');
    }
  }
}

/** Environment of a worker that is to have a GPU without MPS, also where a daemon is running: it looks where none can be. */
export function withoutMps(device: string): Record<string, string> {
  return { CUDA_VISIBLE_DEVICES: device, CUDA_MPS_PIPE_DIRECTORY: '/nonexistent/guise-without-mps' };
}

function defaultFolder(): string {
  return join(tmpdir(), `guise-mps-${process.getuid?.() ?? 0}`);
}

/** A daemon answers within some milliseconds of its start; each question takes as many. */
const QUESTIONS_AT_START = 20;

// The program comes back when the daemon is in the background, which may be before it listens.
async function startDaemon(control: MpsControl, device: string): Promise<void> {
  await control.startDaemon(device);
  for (let asked = 0; asked < QUESTIONS_AT_START; asked++) {
    if (await control.answers()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new GatewayError('mps_failed', `an MPS daemon must answer once started [device:${device}]`);
}

function identify(worker: number | undefined, before: readonly number[], after: readonly number[]): number | undefined {
  if (worker !== undefined && after.includes(worker)) return worker;
  const [fresh, another] = after.filter((client) => !before.includes(client));
  return another === undefined ? fresh : undefined;
}
