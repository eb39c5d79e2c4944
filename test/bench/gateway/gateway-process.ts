import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { entryFile } from '../../../src/entry.ts';
import { monotonic, type Milli } from '../../../src/time.ts';
import { treeOf } from './proc.ts';

/** A start takes under 10 s on a slow machine; more is a hang. */
const START_LIMIT: Milli = 60_000;

/** The real gateway, from dist/, in a process of its own on a free port of the loopback. */
export class GatewayProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** @param settings environment variables of the gateway, e.g. GUISE_SESSIONS */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const port = Number(settings['GUISE_PORT'] ?? (await freePort()));
    const child = spawn(process.execPath, [entryFile('main')], {
      env: { ...process.env, GUISE_LOG: 'warn', GUISE_PORT: String(port), GUISE_HOST: '127.0.0.1', ...settings },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const gateway = new GatewayProcess(child, port);
    try {
      await gateway.#healthy();
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  /** The gateway and all its children. */
  get pids(): number[] {
    return treeOf(this.#child.pid!);
  }

  /** The children that carry media: those of the gateway's process, without further descendants. */
  get mediaWorkers(): number[] {
    return this.pids.slice(1);
  }

  /** An orderly end, without waiting for sessions as after SIGTERM. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGINT');
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await exited;
    clearTimeout(forced);
  }

  async #healthy(): Promise<void> {
    const limit = monotonic.now() + START_LIMIT;
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`the gateway must run [exit:${this.#child.exitCode}]`);
      if (await answers(`${this.url}/healthz`)) return;
      if (monotonic.now() > limit) throw new Error('the gateway must become healthy');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status === 200;
  } catch {
    return false; // it does not listen yet
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
