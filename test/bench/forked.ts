import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** A process of the bench's own, asked one thing at a time over Node's IPC. It ends when its parent lets go. */
export class Forked<To extends { readonly type: string }, From extends { readonly type: string }> {
  readonly #child: ChildProcess;
  readonly #said: From[] = [];
  #wake: (() => void)[] = [];

  /** @param program path of the built file */
  constructor(program: string, parameters: readonly string[] = []) {
    this.#child = fork(program, parameters);
    this.#child.on('message', (message: From) => {
      this.#said.push(message);
      this.#notify();
    });
    this.#child.on('exit', () => this.#notify());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask<Type extends From['type']>(message: To, type: Type): Promise<Extract<From, { type: Type }>> {
    this.#child.send(message);
    return this.next(type);
  }

  /** The next message of this type; it may have come before. */
  async next<Type extends From['type']>(type: Type): Promise<Extract<From, { type: Type }>> {
    for (;;) {
      const at = this.#said.findIndex((message) => message.type === type);
      if (at >= 0) return this.#said.splice(at, 1)[0] as Extract<From, { type: Type }>;
      if (this.#child.exitCode !== null) throw new Error(`the process must say ${type} before it ends`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
