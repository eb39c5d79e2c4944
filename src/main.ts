import { parseArgs } from 'node:util';
import QRCode from 'qrcode';
import { loadConfig, type Override } from './config/load.ts';
import { GatewayError } from './errors.ts';
import { openGateway, type Gateway } from './gateway.ts';
import { createLog } from './log.ts';
import { monotonic, type Milli } from './time.ts';

/** An orderly end takes no longer than this. */
const CLOSE_LIMIT: Milli = 8_000;

const USAGE = `Usage: npm start -- [options]

Starts the gateway and prints its address.

  --https        serve the local network too: makes a certificate, prints address and QR code
  --host HOST    address to listen on (default 127.0.0.1; with --https all addresses)
  --port PORT    TCP port (default 8080)
  --help         show this

More settings: config/guise.json or the environment, see docs/configuration.md.
`;

/** What the command line asks for. */
function readArguments(args: string[]): { overrides: Override[]; help: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      https: { type: 'boolean' },
      host: { type: 'string' },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const overrides: Override[] = [];
  if (values.https === true) overrides.push([['https', 'enabled'], true]);
  if (values.host !== undefined) overrides.push([['host'], values.host]);
  if (values.port !== undefined) overrides.push([['port'], Number(values.port)]);
  return { overrides, help: values.help === true };
}

async function printAddresses({ addresses, invitation }: Gateway): Promise<void> {
  const others = addresses.filter((address) => new URL(address).hostname !== 'localhost');
  const invited = (address: string): string => (invitation === undefined ? address : `${address}#token=${invitation}`);
  const lines = addresses.map((address) => (others.includes(address) ? invited(address) : address));
  const out = ['', '  Guise is ready:', ...lines.map((line) => `    ${line}`), ''];
  if (invitation !== undefined)
    out.push('  Who has such a link may use this gateway, for a day. Set access.secret for more.', '');
  // A phone cannot reach "localhost": the code leads to an address of the network.
  const phone = others.map(invited)[0];
  if (phone?.startsWith('https:') === true) {
    out.push(await QRCode.toString(phone, { type: 'terminal', small: true }));
    out.push('  The certificate is signed by this machine itself, so the browser warns once: go on to the page.', '');
  }
  process.stdout.write(`${out.join('\n')}\n`);
}

/** SIGTERM: sessions may go on for a while first. SIGINT: an orderly end now. A second signal: at once. */
function endOnSignals(gateway: Gateway): void {
  let ending = false;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (ending) process.exit(1);
    ending = true;
    if (signal === 'SIGTERM') await gateway.drain();
    const late = setTimeout(() => process.exit(1), CLOSE_LIMIT);
    late.unref();
    try {
      await gateway.close();
      process.exit(0);
    } catch (error) {
      process.stderr.write(`could not end in an orderly way after ${signal}: ${String(error)}\n`);
      process.exit(1);
    }
  };
  process.on('SIGINT', (signal) => void end(signal));
  process.on('SIGTERM', (signal) => void end(signal));
}

async function main(): Promise<void> {
  const { overrides, help } = readArguments(process.argv.slice(2));
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const config = loadConfig({ env: process.env, overrides });
  const gateway = await openGateway(config, { log: createLog('gateway'), clock: monotonic });
  endOnSignals(gateway);
  await printAddresses(gateway);
}

main().catch((error: unknown) => {
  const known = error instanceof GatewayError || (error instanceof TypeError && 'code' in error);
  const text = known
    ? `${error.message} [${String(error.code)}]`
    : error instanceof Error
      ? error.stack
      : String(error);
  process.stderr.write(`guise: ${text}\n`);
  process.exit(1);
});
