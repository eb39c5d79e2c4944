import { describe, expect, it } from 'vitest';
import { OnnxGraph } from './graph/onnx-graph.ts';
import { OnnxSession } from './session.ts';

function doubling(): Uint8Array {
  const graph = new OnnxGraph();
  const input = graph.input('in', [1, 3]);
  graph.output('out', graph.node('Mul', [input, graph.floats([1], [2])]), [1, 3]);
  return graph.finish();
}

describe('OnnxSession', () => {
  it('runs callers one after the other, each with its own input', async () => {
    const session = await OnnxSession.open(doubling());
    const run = (value: number) =>
      session.run(
        (input) => input.fill(value),
        (outputs) => Array.from(outputs['out']!),
      );

    const results = await Promise.all([run(1), run(2), run(3)]);

    expect(results).toEqual([
      [2, 2, 2],
      [4, 4, 4],
      [6, 6, 6],
    ]);
    await session.close();
  });

  it('goes on after a caller has thrown', async () => {
    const session = await OnnxSession.open(doubling());
    const failing = session.run(
      () => {
        throw new Error('no picture');
      },
      () => 0,
    );

    await expect(failing).rejects.toThrow('no picture');
    const next = await session.run(
      (input) => input.fill(4),
      (outputs) => outputs['out']![0],
    );
    expect(next).toBe(8);
    await session.close();
  });

  it('finishes what is under way when it is closed, and refuses what comes after', async () => {
    const session = await OnnxSession.open(doubling());
    let running: Promise<number | undefined> | undefined;
    await new Promise<void>((begun) => {
      running = session.run(
        (input) => {
          input.fill(5);
          begun();
        },
        (outputs) => outputs['out']![0],
      );
    });

    const closing = session.close();

    const late = session.run(
      () => undefined,
      () => 0,
    );
    await expect(late).rejects.toMatchObject({ code: 'closed' });
    expect(await running).toBe(10);
    await closing;
    await session.close();
  });

  it('refuses bytes that are no model', async () => {
    await expect(OnnxSession.open(new Uint8Array(100))).rejects.toMatchObject({ code: 'model_unsupported' });
  });
});
