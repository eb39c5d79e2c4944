import { once } from 'node:events';
import { WebSocket } from 'ws';
import { z } from 'zod';

const answerSchema = z.object({
  id: z.number().nullish(),
  type: z.enum(['success', 'error', 'event']),
  result: z.unknown().optional(),
  message: z.string().optional(),
});
const treeSchema = z.object({ contexts: z.tuple([z.object({ context: z.string() })]).rest(z.unknown()) });
const evaluatedSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('success'), result: z.object({ type: z.string(), value: z.string().optional() }) }),
  z.object({ type: z.literal('exception'), exceptionDetails: z.object({ text: z.string() }) }),
]);

/** The first tab of a browser, over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/): as much of it as the tests need. */
export class BidiPage {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #sent = 0;
  #context = '';

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text: Buffer) => this.#onMessage(text.toString()));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser must stay there'));
    });
  }

  /** @param address where the browser listens */
  static async open(address: string): Promise<BidiPage> {
    const socket = new WebSocket(`${address}/session`);
    await once(socket, 'open');
    const page = new BidiPage(socket);
    await page.#ask('session.new', { capabilities: {} });
    page.#context = treeSchema.parse(await page.#ask('browsingContext.getTree', {})).contexts[0].context;
    return page;
  }

  async goto(url: string): Promise<void> {
    await this.#ask('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  }

  /** Runs a function in the page, as Playwright's `page.evaluate` does: argument and result go over as JSON. */
  async evaluate<Result, Argument>(run: (argument: Argument) => Result, argument: Argument): Promise<Awaited<Result>> {
    const expression = `(async () => JSON.stringify(await (${run.toString()})(${JSON.stringify(argument)})))()`;
    const target = { context: this.#context };
    const evaluated = evaluatedSchema.parse(
      await this.#ask('script.evaluate', { expression, target, awaitPromise: true }),
    );
    if (evaluated.type === 'exception') throw new Error(evaluated.exceptionDetails.text);
    const { value } = evaluated.result;
    return (value === undefined ? undefined : JSON.parse(value)) as Awaited<Result>;
  }

  close(): void {
    this.#socket.close();
  }

  #ask(method: string, params: object): Promise<unknown> {
    const id = ++this.#sent;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #onMessage(text: string): void {
    const { id, type, result, message } = answerSchema.parse(JSON.parse(text));
    const waiting = this.#waiting.get(id ?? 0);
    if (waiting === undefined) return;
    this.#waiting.delete(id ?? 0);
    if (type === 'success') waiting.resolve(result);
    else waiting.reject(new Error(message));
  }
}
