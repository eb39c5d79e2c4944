import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WeriftPeer } from '../peer/werift-peer.ts';

const DIST = pathToFileURL(join(import.meta.dirname, '../../dist/')).href;

/** Runs a module in a process of its own. Resolves with what it printed, and how it ended. */
function run(source: string, ...args: string[]): Promise<{ code: unknown; signal: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module', '-e', source, ...args], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, output: stdout + stderr });
    });
  });
}

/** Makes `count` transports that have answered the offer in the environment; then runs `rest`. */
const answered = (count: number, rest: string): string => `
  const { prepareTransport } = await import('${DIST}src/session/transport/create-transport.js');
  const { monotonic } = await import('${DIST}src/time.js');
  const create = await prepareTransport(process.argv[1]);
  const settings = { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] };
  const events = { onRtp() {}, onRtcp() {}, onState() {} };
  const offer = Buffer.from(process.argv[2] ?? '', 'base64').toString();
  const all = [];
  for (let i = 0; i < ${count}; i++) {
    all.push(create(settings, events, monotonic));
    await all[i].answer(offer);
  }
  const native = () => process.report.getReport().sharedObjects.some((name) => name.includes('node_datachannel'));
  const threads = async () => (await import('node:fs')).readdirSync('/proc/self/task').length;
  ${rest}`;

async function offer(): Promise<string> {
  const peer = new WeriftPeer();
  const sdp = await peer.offer();
  await peer.close();
  return Buffer.from(sdp).toString('base64');
}

describe('a process', () => {
  it('has no native code in it while werift is its transport', async () => {
    const source = answered(1, 'console.log(native()); for (const one of all) one.close();');
    expect(await run(source, 'werift', await offer())).toEqual({ code: 0, signal: null, output: 'false\n' });
  });

  it('ends in an orderly way in the midst of calls by libdatachannel', async () => {
    const source = answered(20, 'console.log(native()); process.exit(0);');
    expect(await run(source, 'libdatachannel', await offer())).toEqual({ code: 0, signal: null, output: 'true\n' });
  });

  it.runIf(process.platform === 'linux')('keeps no threads of calls by libdatachannel that are over', async () => {
    const rest = `
      const first = await threads();
      for (let round = 0; round < 5; round++) {
        for (const one of all.splice(0)) one.close();
        for (let i = 0; i < 20; i++) {
          all.push(create(settings, events, monotonic));
          await all[i].answer(offer);
        }
      }
      console.log((await threads()) - first);
      for (const one of all) one.close();
      process.exit(0);`;
    expect(await run(answered(20, rest), 'libdatachannel', await offer())).toEqual({
      code: 0,
      signal: null,
      output: '0\n',
    });
  });
});
