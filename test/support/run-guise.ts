import { Writable } from 'node:stream';
import { runCli } from '../../src/cli.ts';

/** What a run of the command line gave. */
export interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `guise ARGUMENTS` in this process. */
export async function runGuise(args: readonly string[], signal?: AbortSignal): Promise<Told> {
  const written = { out: '', err: '' };
  const sink = (into: 'out' | 'err') =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[into] += chunk.toString();
        done();
      },
    });
  const code = await runCli(args, { out: sink('out'), err: sink('err') }, signal);
  return { code, ...written };
}
