import { GatewayError } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import { runProgram } from './run-program.ts';

/** NVIDIA's program, as it comes with the driver: https://docs.nvidia.com/deploy/mps/, "nvidia-cuda-mps-control". */
export const MPS_CONTROL = 'nvidia-cuda-mps-control';

/** An answer takes some milliseconds; a daemon that is at odds with its driver does not answer at all. */
const ANSWER_LIMIT: Milli = 5_000;
const START_LIMIT: Milli = 15_000;
/** The daemon ends servers that are still there by force after so many seconds, and then itself. */
const QUIT_SECONDS = 5;
const QUIT_LIMIT: Milli = 1_000 * QUIT_SECONDS + ANSWER_LIMIT;

/** Status of an MPS server; `FAULT` until all its clients have ended. */
export type MpsServerStatus = 'INITIALIZING' | 'ACTIVE' | 'FAULT';

export interface MpsControlOptions {
  /** Where the daemon's pipe lies (`CUDA_MPS_PIPE_DIRECTORY`). Socket paths are limited to 107 bytes, so it must be short. */
  readonly pipes: string;
  /** Where it logs (`CUDA_MPS_LOG_DIRECTORY`). */
  readonly logs: string;
  readonly program?: string;
  /** For an answer. */
  readonly limit?: Milli;
}

/** Asks one MPS control daemon by its program. Every question is bounded in time. */
export class MpsControl {
  readonly #program: string;
  readonly #limit: Milli;
  readonly #env: Readonly<Record<string, string>>;

  constructor({ pipes, logs, program = MPS_CONTROL, limit = ANSWER_LIMIT }: MpsControlOptions) {
    this.#program = program;
    this.#limit = limit;
    this.#env = { CUDA_MPS_PIPE_DIRECTORY: pipes, CUDA_MPS_LOG_DIRECTORY: logs };
  }

  /**
   * Starts a daemon, which goes to the background.
   * @param device UUID of the one GPU that it serves
   * @throws GatewayError mps_failed
   */
  async startDaemon(device: string): Promise<void> {
    await this.#run({ parameters: ['-d'], env: { CUDA_VISIBLE_DEVICES: device }, limit: START_LIMIT });
  }

  /** Whether a daemon answers, in the way that NVIDIA's own health check asks. */
  async answers(): Promise<boolean> {
    try {
      return /^\d+(\.\d+)?$/.test(await this.#ask('get_default_active_thread_percentage'));
    } catch (error) {
      if (error instanceof GatewayError) return false;
      throw error;
    }
  }

  /** Process ids of its servers: none before the first client. @throws GatewayError mps_failed */
  async servers(): Promise<number[]> {
    return pidsOf(await this.#ask('get_server_list'));
  }

  /** @throws GatewayError mps_failed */
  async serverStatus(server: number): Promise<MpsServerStatus> {
    const said = await this.#ask(`get_server_status ${server}`);
    const status = (['INITIALIZING', 'ACTIVE', 'FAULT'] as const).find((word) =>
      new RegExp(`\\b${word}\\b`, 'i').test(said),
    );
    return status ?? refuse('get_server_status', said);
  }

  /** Process ids of a server's clients. @throws GatewayError mps_failed */
  async clients(server: number): Promise<number[]> {
    return pidsOf(await this.#ask(`get_client_list ${server}`));
  }

  /**
   * Has a server take its client's context down, so that the client can be killed without harm to the others.
   * @throws GatewayError mps_failed
   */
  async terminateClient(server: number, client: number): Promise<void> {
    await this.#ask(`terminate_client ${server} ${client}`);
  }

  /** Ends the daemon and its servers. @throws GatewayError mps_failed */
  async quit(): Promise<void> {
    await this.#ask(`quit -t ${QUIT_SECONDS}`, QUIT_LIMIT);
  }

  #ask(command: string, limit?: Milli): Promise<string> {
    return this.#run({ input: `${command}\n`, ...(limit !== undefined && { limit }) });
  }

  async #run(options: {
    readonly parameters?: readonly string[];
    readonly input?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly limit?: Milli;
  }): Promise<string> {
    const { limit = this.#limit, env, ...rest } = options;
    const what = (rest.input ?? rest.parameters?.join(' ') ?? '').trim();
    const result = await runProgram(this.#program, { ...rest, env: { ...this.#env, ...env }, limit });
    if (result.end === 'absent') {
      throw new GatewayError('mps_failed', `the program must be installed with the driver [program:${this.#program}]`);
    }
    if (result.end === 'too-slow') throw new GatewayError('mps_failed', `MPS must answer in time [command:${what}]`);
    const said = result.said.trim();
    if (result.code !== 0) refuse(what, `${said} (exit code ${result.code})`);
    return said;
  }
}

/** One a line, and nothing else: an error is said as text, with exit code 0. */
function pidsOf(said: string): number[] {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.map((line) => (/^\d+$/.test(line) ? Number(line) : refuse('list', said)));
}

function refuse(command: string, said: string): never {
  throw new GatewayError(
    'mps_failed',
    `MPS must do what it is asked [command:${command}] [said:${said.slice(0, 300)}]`,
  );
}
