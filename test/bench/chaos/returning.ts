import { monotonic, type Milli } from '../../../src/time.ts';
import { Backoff } from '../../../web-client/src/sdk/backoff.ts';
import type { Random } from '../../media/random.ts';

/** One connection of a client, from its answer to its end. */
export interface Life {
  /** Settles with why it is over, when the gateway says so or answers 404. Never if it is closed. */
  readonly lost: Promise<{ readonly code: string; readonly retry?: Milli | undefined }>;
  /** Settles when its first picture has come back, or, where none does, when it is connected. */
  readonly flows: Promise<unknown>;
  close(): Promise<void>;
}

/** A loss, and when it was over. */
export interface Loss {
  readonly code: string;
  readonly at: Milli;
  /** First picture after it; undefined until then. */
  back?: Milli;
}

/** A client that comes back by itself when its connection is lost, with the pauses of the page (web-client/src/sdk). */
export class Returning<One extends Life> {
  readonly lives: One[] = [];
  readonly losses: Loss[] = [];
  readonly #connect: () => Promise<One>;
  readonly #backoff: Backoff;
  #closed = false;

  private constructor(connect: () => Promise<One>, random: Random) {
    this.#connect = connect;
    this.#backoff = new Backoff(() => random.next());
  }

  /** Settles when the first picture has come. */
  static async open<One extends Life>(connect: () => Promise<One>, random: Random): Promise<Returning<One>> {
    const client = new Returning(connect, random);
    const first = await client.#live();
    await first.flows;
    return client;
  }

  /** Everybody who was lost is back. */
  get isBack(): boolean {
    return this.losses.every(({ back }) => back !== undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.lives.at(-1)?.close();
  }

  async #live(): Promise<One> {
    const life = await this.#connect();
    this.lives.push(life);
    void life.lost.then(({ code, retry }) => this.#comeBack(life, code, retry));
    return life;
  }

  async #comeBack(life: One, code: string, retry: Milli = 0): Promise<void> {
    if (this.#closed) return;
    const loss: Loss = { code, at: monotonic.now() };
    this.losses.push(loss);
    await life.close();
    let pause = retry;
    while (!this.#closed) {
      await new Promise((resolve) => setTimeout(resolve, this.#backoff.next(pause)));
      pause = 0;
      const next = await this.#live().catch(() => undefined);
      if (next === undefined) continue;
      await next.flows;
      this.#backoff.reset();
      loss.back = monotonic.now();
      return;
    }
  }
}
