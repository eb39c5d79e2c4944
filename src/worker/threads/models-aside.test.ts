import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { FaceModels } from '../../face/models.ts';
import { ModelStore } from '../../onnx/model-store.ts';
import type { OnnxSession } from '../../onnx/session.ts';
import { ModelsAside } from './models-aside.ts';

let aside: ModelsAside | undefined;
afterEach(() => aside?.close());

const storeOf = (models: ModelsAside): ModelStore => new ModelStore({ load: (onnx) => models.load(onnx) });
const input = (values: Float32Array): void => values.forEach((_, k) => (values[k] = Math.sin(k)));

test('a model gives the same aside as here, turn by turn, while this thread goes on', async () => {
  const lost = vi.fn();
  aside = new ModelsAside(lost);
  const [here, there] = [await new ModelStore().open('mesh'), await storeOf(aside).open('mesh')];
  const mesh = (session: OnnxSession, fill: (values: Float32Array) => void) =>
    session.run(fill, (outputs) => outputs['output_mesh_identity']!.slice());

  let turns = 0;
  const turning = setInterval(() => turns++, 0);
  const both = await Promise.all([mesh(there, input), mesh(there, (values) => values.fill(0.5))]);
  clearInterval(turning);

  expect(there.inputShape).toEqual(here.inputShape);
  expect(there.outputShapes).toEqual(here.outputShapes);
  expect(both).toEqual([await mesh(here, input), await mesh(here, (values) => values.fill(0.5))]);
  expect(turns).toBeGreaterThan(0);
  expect(await aside.time()).toBeGreaterThan(0);
  await aside.close();
  await expect(mesh(there, input)).rejects.toMatchObject({ code: 'closed' });
  expect(lost).not.toHaveBeenCalled();
  await here.close();
});

test('what is no model is refused, and the thread goes on', async () => {
  aside = new ModelsAside(() => undefined);
  await expect(aside.load(Buffer.from('nothing'))).rejects.toMatchObject({ code: 'model_unsupported' });
  const models = await FaceModels.open(storeOf(aside));
  expect(models.mesh).toBeDefined();
});

test('a thread that is lost is told once, and whoever waits for it too', async () => {
  let thread: Worker | undefined;
  process.once('worker', (started: Worker) => (thread = started));
  const lost = vi.fn();
  aside = new ModelsAside(lost);
  const mesh = await storeOf(aside).open('mesh');

  const running = mesh.run(input, () => 'done');
  // Before it has the question: one that is ended inside native code takes the process with it.
  void thread!.terminate();
  await expect(running).rejects.toMatchObject({ code: 'worker_lost' });

  await expect(mesh.run(input, () => 'done')).rejects.toMatchObject({ code: 'closed' });
  expect(lost).toHaveBeenCalledOnce();
  expect(lost.mock.calls[0]![0]).toMatchObject({ code: 'worker_lost' });
});
