import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GpuSettings } from '../../config/gpu.ts';
import type { Logger } from '../../log.ts';
import type { Clock } from '../../time.ts';
import { Kept } from '../child/kept.ts';
import type { BrokerFigures } from '../wire/broker-control.ts';
import { BrokerProcess } from './broker-process.ts';

export interface BrokerHostOptions {
  readonly gpu: GpuSettings;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * The gateway's broker and the folder of its socket. A broker that dies, hangs or speaks garbage is replaced; pixel threads
 * find the new one at the same path. Owns both.
 */
export class BrokerHost {
  /** Unix socket of the broker, whichever it is. */
  readonly socket: string;
  readonly #folder: string;
  readonly #kept: Kept<BrokerProcess>;
  #figures: BrokerFigures | undefined;

  /** Makes the folder, which only this user can look into; nothing is started yet. */
  static async open(options: BrokerHostOptions): Promise<BrokerHost> {
    // mkdtemp gives it to its maker alone (mode 700).
    return new BrokerHost(await mkdtemp(join(tmpdir(), 'guise-')), options);
  }

  private constructor(folder: string, { gpu, log, clock }: BrokerHostOptions) {
    this.#folder = folder;
    this.socket = join(folder, 'broker');
    this.#kept = new Kept({
      what: 'broker',
      start: (onLost) =>
        BrokerProcess.start({
          settings: { socket: this.socket, gpu },
          onFigures: (figures) => (this.#figures = figures),
          onLost,
        }),
      onChange: (running) => {
        if (running === undefined) this.#figures = undefined;
      },
      pause: { first: 100, longest: 10_000 },
      clock,
      log,
    });
  }

  /** Starts the broker. @throws GatewayError if it cannot be started: no such provider, no such file, a GPU that does not answer */
  start(): Promise<void> {
    return this.#kept.start();
  }

  /** How it is: `starting` also while it is being replaced. */
  get state(): 'starting' | 'ready' | 'closed' {
    const { state } = this.#kept;
    if (state === 'running') return 'ready';
    return state === 'closed' ? 'closed' : 'starting';
  }

  /** Of its last second; `undefined` while there is no broker. */
  get figures(): BrokerFigures | undefined {
    return this.#figures;
  }

  get pid(): number | undefined {
    return this.#kept.running?.pid;
  }

  /** How often it was replaced. */
  get replaced(): number {
    return this.#kept.replaced;
  }

  /** Idempotent. The broker, its GPU workers and the folder are gone when it settles. */
  async close(): Promise<void> {
    await this.#kept.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
