import { GatewayError } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import { Child } from '../child/child.ts';
import type { Running } from '../child/kept.ts';
import { brokerFiguresSchema, type BrokerFigures, type BrokerSettings } from '../wire/broker-control.ts';
import { CHILD_SILENCE, type WireMessage } from '../wire/channel.ts';

/** A GPU worker on each GPU opens, proves and profiles every recipe in here, and chooses kernels at the first start. */
const START_LIMIT: Milli = 240_000;

export interface BrokerProcessOptions {
  readonly settings: BrokerSettings;
  readonly onFigures: (figures: BrokerFigures) => void;
  /** Exactly once, unless it was asked to end. */
  readonly onLost: (reason: string) => void;
}

/** The broker, seen from the gateway. Its host owns it. */
export class BrokerProcess implements Running {
  readonly #child: Child;
  readonly #options: BrokerProcessOptions;
  #started = false;

  /** Starts a broker and waits until a GPU worker of each GPU is ready. @throws GatewayError of the broker, worker_lost, timed_out */
  static async start(options: BrokerProcessOptions): Promise<BrokerProcess> {
    const broker = new BrokerProcess(options);
    try {
      const configure = { type: 'configure', body: options.settings };
      await broker.#child.channel.request(configure, { timeout: START_LIMIT });
    } catch (error) {
      await broker.close();
      throw error;
    }
    broker.#started = true;
    return broker;
  }

  private constructor(options: BrokerProcessOptions) {
    this.#options = options;
    this.#child = new Child({
      entry: 'worker/broker',
      onNotice: (message) => this.#take(message),
      onLost: (reason) => {
        if (this.#started) options.onLost(reason);
      },
    });
    // It serves while its workers load, so that it must show signs of life from the first moment on.
    this.#child.channel.startPinging({ silence: CHILD_SILENCE });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(): void {
    this.#child.kill();
  }

  close(): Promise<void> {
    return this.#child.close();
  }

  #take({ type, body }: WireMessage): void {
    const figures = brokerFiguresSchema.safeParse(body);
    if (type === 'figures' && figures.success) this.#options.onFigures(figures.data);
    // What speaks garbage is not to be trusted with anything else.
    else this.kill();
  }
}

/** For those who need a broker where the configuration has none. */
export function noBroker(): GatewayError {
  return new GatewayError('recipe_unknown', 'the gateway must be configured with GPUs (docs/gpu.md) and this recipe');
}
