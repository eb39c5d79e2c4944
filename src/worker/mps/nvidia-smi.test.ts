import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { parseGpuCards, readGpuCards } from './nvidia-smi.ts';

/** In nvidia-smi's form (`--format=csv,noheader,nounits`): one H100 at work, one card that tells little. */
const TWO_CARDS = `0, GPU-8a44c7b1-1111-2222-3333-444455556666, 00000000:3B:00.0, NVIDIA H100 80GB HBM3, 1843, 81559, 97, 64, 0x0000000000000024
1, GPU-0b55d8c2-1111-2222-3333-444455556666, 00000000:AF:00.0, Tesla K80, [N/A], 11441, [Not Supported], 31, 0x0000000000000001
`;

describe('figures of GPUs', () => {
  test('are read from what nvidia-smi says; what it does not tell is null', () => {
    expect(parseGpuCards(TWO_CARDS)).toEqual([
      {
        index: 0,
        uuid: 'GPU-8a44c7b1-1111-2222-3333-444455556666',
        busId: '00000000:3B:00.0',
        name: 'NVIDIA H100 80GB HBM3',
        memoryUsed: 1843 * 2 ** 20,
        memoryTotal: 81559 * 2 ** 20,
        utilisation: 97,
        temperature: 64,
        throttled: ['power', 'thermal'],
      },
      {
        index: 1,
        uuid: 'GPU-0b55d8c2-1111-2222-3333-444455556666',
        busId: '00000000:AF:00.0',
        name: 'Tesla K80',
        memoryUsed: null,
        memoryTotal: 11441 * 2 ** 20,
        utilisation: null,
        temperature: 31,
        throttled: [],
      },
    ]);
    expect(parseGpuCards('\n')).toEqual([]);
  });

  test('are not made of something else', () => {
    for (const text of [
      'No devices were found',
      '0, GPU-1, bus, name, 1, 2, 3, 4',
      'x, GPU-1, bus, name, 1, 2, 3, 4, 0x0',
    ]) {
      expect(() => parseGpuCards(text)).toThrow(GatewayError);
    }
  });

  test('are none where there is no program, where it fails, or says something else; with the reason', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'guise-smi-'));
    const program = (name: string, lines: string): string => {
      const path = join(folder, name);
      writeFileSync(path, `#!/bin/sh\n${lines}\n`);
      chmodSync(path, 0o755);
      return path;
    };
    const failing = program(
      'failing',
      'echo "NVIDIA-SMI has failed because it could not communicate with the driver"; exit 9',
    );
    const odd = program('odd', 'echo "No devices were found"');

    expect(await readGpuCards({ program: join(folder, 'absent') })).toEqual({
      cards: [],
      reason: 'nvidia-smi is not installed',
    });
    expect(await readGpuCards({ program: failing })).toMatchObject({
      cards: [],
      reason: expect.stringContaining('driver') as string,
    });
    expect(await readGpuCards({ program: odd })).toMatchObject({
      cards: [],
      reason: expect.stringContaining('No devices') as string,
    });
  });
});
