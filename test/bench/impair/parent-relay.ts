import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A line of the load client's: an answer that is to be led through the relay of the process that started it. */
export interface AnswerReport {
  readonly type: 'answer';
  readonly sdp: string;
}

/**
 * The load client's end of a relay that runs in its parent, which has nothing else to do and so keeps its times. Answers
 * go out as lines of stdout, and come back changed, in the same order, as lines of stdin.
 */
export class ParentRelay {
  readonly #changed = createInterface({ input: process.stdin });
  #last: Promise<unknown> = Promise.resolve();

  /** The answer with the relay's candidates. */
  through(answer: string): Promise<string> {
    const changed = this.#last.then(async () => {
      const line = once(this.#changed, 'line') as Promise<[string]>;
      process.stdout.write(`${JSON.stringify({ type: 'answer', sdp: answer } satisfies AnswerReport)}\n`);
      const [text] = await line;
      return JSON.parse(text) as string;
    });
    this.#last = changed;
    return changed;
  }
}
