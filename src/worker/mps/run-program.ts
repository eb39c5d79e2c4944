import { spawn } from 'node:child_process';
import type { Milli } from '../../time.ts';

/** How a program ended, and what it said on both its outputs. `absent`: there is no such program. */
export type ProgramEnd =
  | { readonly end: 'done'; readonly code: number; readonly said: string }
  | { readonly end: 'absent' }
  | { readonly end: 'too-slow' };

export interface ProgramOptions {
  readonly parameters?: readonly string[];
  readonly input?: string;
  /** Beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** After which it is killed. */
  readonly limit: Milli;
}

/** Time for what a program that has ended has said to be read, where somebody else holds its outputs open. */
const LEFT_BEHIND: Milli = 300;
/** Output beyond this is cut off: what is asked answers in some lines. */
const MAXIMUM_SAID = 256 * 1024;

/** Runs a program to its end. Never rejects. */
export function runProgram(program: string, options: ProgramOptions): Promise<ProgramEnd> {
  const { parameters = [], input = '', env, limit } = options;
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { env: { ...process.env, ...env }, stdio: 'pipe' });
    let said = '';
    const timer = setTimeout(() => settle({ end: 'too-slow' }), limit);
    const settle = (end: ProgramEnd): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(end);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (said.length < MAXIMUM_SAID) said += text;
      });
    }
    child.on('error', () => settle({ end: 'absent' }));
    const done = (code: number | null): void => settle({ end: 'done', code: code ?? -1, said });
    child.on('close', done);
    // A daemon that it left behind holds its outputs open, and they are not waited for.
    child.on('exit', (code) => setTimeout(done, LEFT_BEHIND, code).unref());
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(input);
  });
}
