/**
 * Stands in for `nvidia-cuda-mps-control` where there is no GPU: what it takes and says is as NVIDIA documents it
 * (https://docs.nvidia.com/deploy/mps/). What the daemon would know lies in a file in the pipe directory, which tests write.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a daemon knows. */
export interface FakeMps {
  readonly device: string;
  servers: { readonly pid: number; status: string; clients: number[] }[];
  /** Commands that it was asked, in order. */
  asked: string[];
  /** It does not answer. */
  hangs?: boolean;
}

export function stateFile(pipes: string): string {
  return join(pipes, 'state.json');
}

/** Writes a program that behaves like it. @returns its path */
export function fakeMpsControl(folder: string): string {
  const program = join(folder, 'nvidia-cuda-mps-control');
  const script = join(fileURLToPath(import.meta.url), '../../../dist/test/support/fake-mps-control.js');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`, { mode: 0o755 });
  return program;
}

function answer(mps: FakeMps, command: string): string {
  const [word, first, second] = command.split(/\s+/);
  const server = mps.servers.find(({ pid }) => pid === Number(first));
  switch (word) {
    case 'get_default_active_thread_percentage':
      return '100.0';
    case 'get_server_list':
      return mps.servers.map(({ pid }) => String(pid)).join('\n');
    case 'get_server_status':
      return server?.status ?? `Server ${first} not found`;
    case 'get_client_list':
      return server === undefined ? `Server ${first} not found` : server.clients.join('\n');
    case 'terminate_client':
      if (server !== undefined) server.clients = server.clients.filter((client) => client !== Number(second));
      return '';
    case 'quit':
      return '';
    default:
      return `Unknown command: ${command}`;
  }
}

function main(): void {
  const pipes = process.env['CUDA_MPS_PIPE_DIRECTORY'] ?? '';
  const file = stateFile(pipes);
  if (process.argv[2] === '-d') {
    mkdirSync(pipes, { recursive: true });
    const state: FakeMps = { device: process.env['CUDA_VISIBLE_DEVICES'] ?? '', servers: [], asked: [] };
    writeFileSync(file, JSON.stringify(state));
    return;
  }
  if (!existsSync(file)) {
    console.log('Cannot find MPS control daemon process');
    process.exitCode = 1;
    return;
  }
  const command = readFileSync(0, 'utf8').trim();
  const mps = JSON.parse(readFileSync(file, 'utf8')) as FakeMps;
  if (mps.hangs === true) {
    setInterval(() => undefined, 1_000);
    return;
  }
  const said = answer(mps, command);
  mps.asked.push(command);
  if (command.startsWith('quit')) rmSync(file);
  else writeFileSync(file, JSON.stringify(mps));
  if (said !== '') console.log(said);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
