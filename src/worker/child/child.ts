import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { entryFile } from '../../entry.ts';
import { GatewayError } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import { Channel, CHILD_WIRE_FD, type ChannelEnd, type WireMessage } from '../wire/channel.ts';

/** Time for a child to end in an orderly way before it is killed. */
const CLOSE_LIMIT: Milli = 3_000;

export interface ChildOptions {
  /** Below `src/`, without ending, e.g. `worker/broker`. */
  readonly entry: string;
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onNotice: (message: WireMessage) => void;
  /** Exactly once, unless it was asked to end: it died, hung or spoke garbage. */
  readonly onLost: (reason: ChannelEnd) => void;
  /** What must be done before a signal may end it; bounded in time by itself. */
  readonly beforeKill?: (pid: number) => Promise<void>;
}

/** A child process with a wire. Its owner ends it; when the wire ends, so does the child. */
export class Child {
  readonly channel: Channel;
  readonly #child: ChildProcess;
  readonly #options: ChildOptions;
  readonly #gone: Promise<void>;
  #ending = false;
  #isGone = false;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#child = spawn(process.execPath, [entryFile(options.entry)], {
      stdio: ['ignore', 2, 2, 'pipe'],
      env: { ...process.env, ...options.env },
    });
    this.channel = new Channel(this.#child.stdio[CHILD_WIRE_FD] as Duplex, {
      onRequest: () => Promise.reject(new GatewayError('message_invalid', 'a child must not ask')),
      onNotice: options.onNotice,
      onClose: (reason) => this.#channelEnded(reason),
    });
    this.#gone = new Promise((resolve) => {
      const gone = (): void => {
        this.#isGone = true;
        this.channel.close();
        resolve();
      };
      this.#child.once('exit', gone).once('error', gone);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Settles when the process is no more. */
  get gone(): Promise<void> {
    return this.#gone;
  }

  /** Ends it at once, as if it had hung. */
  kill(): void {
    this.channel.close();
  }

  /** Idempotent. Asks it to end and waits until it is gone; it is killed if it takes too long. */
  async close(): Promise<void> {
    if (!this.#ending) {
      this.#ending = true;
      // One that does not answer is killed below.
      await this.channel.request({ type: 'end' }, { timeout: CLOSE_LIMIT }).catch(() => undefined);
      this.channel.close();
    }
    await this.#gone;
  }

  #channelEnded(reason: ChannelEnd): void {
    void this.#putDown();
    if (!this.#ending) {
      this.#ending = true;
      this.#options.onLost(reason);
    }
  }

  async #putDown(): Promise<void> {
    const { pid } = this.#child;
    if (this.#isGone || pid === undefined) return;
    await this.#options.beforeKill?.(pid);
    if (!this.#isGone) this.#child.kill('SIGKILL');
  }
}
