/** Entry of a model thread: the models of one pixel thread, and the runs, which block it. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../errors.ts';
import { loadModel, type ModelRunner } from '../onnx/session.ts';
import { threadTime } from '../time.ts';
import { END } from './threads/end-thread.ts';
import type { ModelReply, ModelRequest } from './threads/models-aside.ts';
import { failureBody } from './wire/channel.ts';

const port = parentPort;
assert(port !== null, 'model-thread runs as a worker thread');

/** A model, and its buffers that the pixel thread sees too: onnxruntime takes no shared memory. */
interface Loaded {
  readonly runner: ModelRunner;
  readonly input: Float32Array;
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

const models: Loaded[] = [];
let previous: Promise<unknown> = Promise.resolve();

async function load(onnx: Uint8Array): Promise<ModelReply> {
  const runner = await loadModel(onnx);
  const { inputShape, outputShapes } = runner;
  const input = sharedLike(runner.input);
  const outputs = Object.fromEntries(Object.entries(runner.outputs).map(([name, own]) => [name, sharedLike(own)]));
  const model = models.push({ runner, input, outputs }) - 1;
  return { kind: 'loaded', model, inputShape, outputShapes, input, outputs };
}

async function run(model: number): Promise<ModelReply> {
  const { runner, input, outputs } = models[model]!;
  runner.input.set(input);
  await runner.run();
  for (const [name, shared] of Object.entries(outputs)) shared.set(runner.outputs[name]!);
  return { kind: 'ran' };
}

async function answer(request: ModelRequest): Promise<ModelReply> {
  switch (request.kind) {
    case 'load':
      return load(request.onnx);
    case 'run':
      return run(request.model);
    case 'time':
      return { kind: 'time', used: threadTime() };
  }
}

function sharedLike({ length }: Float32Array): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

async function end(): Promise<void> {
  await previous;
  await Promise.all(models.map(({ runner }) => runner.release()));
  port?.close();
}

port.on('message', (request: ModelRequest | typeof END) => {
  if (request === END) return void end();
  // One after the other, so that answers come in the order of the questions.
  previous = previous
    .then(() => answer(request))
    .catch((error: unknown): ModelReply => ({ kind: 'failed', ...failureBody(error) }))
    .then((reply) => port.postMessage(reply));
});
