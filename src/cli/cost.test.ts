import { describe, expect, test } from 'vitest';
import { codeOf } from '../../test/support/code-of.ts';
import { runGuise, type Told } from '../../test/support/run-guise.ts';
import { measuredIn, streamsOf } from './cost.ts';

function cost(...args: string[]): Promise<Told> {
  return runGuise(['cost', ...args]);
}

describe('guise cost', () => {
  test('gives the price of a stream', async () => {
    const { code, out } = await cost('--price', '2.5', '--streams-per-gpu', '25', '--json');

    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ streamsPerGpu: 25, perStreamHour: 0.1, perStreamMonth: 73 });
  });

  test('counts places that nobody takes as paid for', async () => {
    const { out } = await cost('--price', '2.5', '--streams-per-gpu', '25', '--taken', '0.5', '--json');

    expect(JSON.parse(out)).toMatchObject({ perStreamHour: 0.2 });
  });

  test('makes streams of measured faces, and says that this is the GPU alone', async () => {
    const { out } = await cost('--price', '3', '--faces-per-second', '774', '--frame-rate', '30');

    expect(out).toContain('21 streams on a GPU');
    expect(out).toContain('the GPU alone');
    expect(streamsOf(774, { frameRate: 30, faces: 2 })).toBe(10);
  });

  test('names what is missing', async () => {
    expect(await cost('--price', '3')).toMatchObject({ code: 1, err: expect.stringContaining('--streams-per-gpu') });
    expect((await cost('--price', '3', '--streams-per-gpu', 'many')).code).toBe(2);
  });

  test('reads the measured faces out of a gateway’s metrics', () => {
    const metrics = [
      'guise_gpu_workers{gpu="0",mps="none"} 2',
      'guise_gpu_workers{gpu="1",mps="none"} 2',
      'guise_gpu_faces_per_second{recipe="tiny"} 900',
      'guise_gpu_faces_per_second{recipe="large"} 300',
    ].join('\n');

    expect(measuredIn(metrics)).toBe(450);
    expect(measuredIn(metrics, 'large')).toBe(150);
    expect(codeOf(() => measuredIn(metrics, 'none'))).toBe('not_found');
    expect(codeOf(() => measuredIn('guise_sessions 3'))).toBe('not_found');
  });
});
