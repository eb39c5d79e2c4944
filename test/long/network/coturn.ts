import { execFileSync, spawnSync } from 'node:child_process';
import { ADDRESS, type Hosts } from './hosts.ts';

export const TURN_SECRET = 'a secret between the test and coturn';
const PORT = 3478;

/** Where clients find it. */
export function turnUrl(transport: 'udp' | 'tcp'): string {
  return `turn:${ADDRESS.relayToClient}:${PORT}?transport=${transport}`;
}

/** Why there is no coturn here; `undefined` if there is. It is installed where this user may do that. */
export function obstacleToCoturn(): string | undefined {
  const there = (): boolean => spawnSync('turnserver', ['--version']).error === undefined;
  if (there()) return undefined;
  try {
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'coturn'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch {
    return 'coturn is not installed and cannot be (apt-get install coturn)';
  }
  return there() ? undefined : 'coturn cannot be started';
}

/** Starts a real TURN server between client and gateway, with credentials by shared secret. `tcp` takes no UDP of clients. */
export async function startCoturn(hosts: Hosts, transport: 'udp' | 'tcp'): Promise<void> {
  const options = [
    '-n',
    '--no-cli',
    '--no-tls',
    '--no-dtls',
    ...(transport === 'tcp' ? ['--no-udp'] : ['--no-tcp']),
    `--listening-ip=${ADDRESS.relayToClient}`,
    `--listening-port=${PORT}`,
    `--relay-ip=${ADDRESS.relayToGateway}`,
    '--use-auth-secret',
    `--static-auth-secret=${TURN_SECRET}`,
    '--realm=guise.test',
    '--pidfile=/dev/null',
    '--log-file=stdout',
    '--verbose',
  ];
  const ready = transport === 'tcp' ? /TCP listener opened on/i : /UDP listener opened on/i;
  await hosts.start('relay', ['turnserver', ...options], { ready });
}
