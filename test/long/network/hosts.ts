/**
 * Three hosts on one machine, in network namespaces: client – relay – gateway. Each end has a link to the relay's host, which
 * forwards no packets: between client and gateway there is no way but through a program on it.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export type HostName = 'client' | 'relay' | 'gateway';

/** Addresses of the links; the relay's host has one on each. */
export const ADDRESS = {
  client: '10.231.1.2',
  relayToClient: '10.231.1.1',
  relayToGateway: '10.231.2.1',
  gateway: '10.231.2.2',
} as const;

/** Why this machine cannot have them; `undefined` if it can. */
export function obstacleToHosts(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    const probe = `guise-probe-${process.pid}`;
    ip('netns', 'add', probe);
    ip('netns', 'del', probe);
    return undefined;
  } catch {
    return 'this machine makes no network namespaces';
  }
}

export class Hosts {
  readonly #children: ChildProcess[] = [];

  private constructor() {}

  static open(): Hosts {
    const hosts = new Hosts();
    for (const name of ['client', 'relay', 'gateway'] as const) {
      ip('netns', 'add', nameOf(name));
      hosts.#within(name, 'link', 'set', 'lo', 'up');
    }
    hosts.#join('client', { number: 1, near: ADDRESS.client, far: ADDRESS.relayToClient });
    hosts.#join('gateway', { number: 2, near: ADDRESS.gateway, far: ADDRESS.relayToGateway });
    return hosts;
  }

  /** The command line that runs a program on a host. */
  command(host: HostName, program: string, ...args: string[]): readonly [string, ...string[]] {
    return ['ip', 'netns', 'exec', nameOf(host), program, ...args];
  }

  /** Starts a program on a host and waits until it has said `ready`. */
  async start(
    host: HostName,
    program: readonly [string, ...string[]],
    options: { readonly ready: RegExp; readonly env?: Readonly<Record<string, string>> },
  ): Promise<ChildProcess> {
    const [file, ...args] = this.command(host, ...program);
    const child = spawn(file, args, {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    let said = '';
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text: Buffer) => {
          said = (said + text.toString()).slice(-20_000);
          if (options.ready.test(said)) resolve();
        });
      }
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${program[0]} must run [exit:${code}]\n${said}`)));
    });
    return child;
  }

  async close(): Promise<void> {
    for (const child of this.#children.splice(0).reverse()) await end(child);
    for (const name of ['client', 'relay', 'gateway'] as const) ip('netns', 'del', nameOf(name));
  }

  #join(host: HostName, link: { readonly number: number; readonly near: string; readonly far: string }): void {
    const [near, far] = [`g${link.number}n${process.pid}`, `g${link.number}f${process.pid}`];
    ip('link', 'add', near, 'netns', nameOf(host), 'type', 'veth', 'peer', 'name', far, 'netns', nameOf('relay'));
    for (const [name, device, address] of [
      [host, near, link.near],
      ['relay', far, link.far],
    ] as const) {
      this.#within(name, 'addr', 'add', `${address}/24`, 'dev', device);
      this.#within(name, 'link', 'set', device, 'up');
    }
  }

  #within(host: HostName, ...args: string[]): void {
    ip('-n', nameOf(host), ...args);
  }
}

function nameOf(host: HostName): string {
  return `guise-${host}-${process.pid}`;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), 9000);
  await exited;
  clearTimeout(forced);
}
