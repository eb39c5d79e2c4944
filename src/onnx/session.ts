import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GatewayError } from '../errors.ts';

/** A model's results by output name. They are the session's own buffers: valid until its next run. */
export type Outputs = Readonly<Record<string, Float32Array>>;

/**
 * One thread for each model: a caller's frame must not fight the encoder next door for cores, and two threads bring
 * little at this size. Without spinning, an idle model takes no processor time.
 */
const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
};

/** What takes a model's input to its outputs, here or in another thread. */
export interface ModelRunner {
  /** Extents of the input and of each output. */
  readonly inputShape: readonly number[];
  readonly outputShapes: Readonly<Record<string, readonly number[]>>;
  /** Made once and used again. */
  readonly input: Float32Array;
  readonly outputs: Outputs;
  /** From `input` to `outputs`. One call at a time. */
  run(): Promise<unknown>;
  release(): Promise<void>;
}

export interface ModelOptions {
  /** Fills in the extents that the model leaves open; its first is that of the outputs too. */
  readonly inputShape?: readonly number[];
}

/**
 * Loads a model that has one float32 input, to be run in this thread on the CPU.
 * @param model an ONNX file
 * @throws GatewayError model_unsupported
 */
export async function loadModel(model: Uint8Array, { inputShape: given }: ModelOptions = {}): Promise<ModelRunner> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(model, OPTIONS);
  } catch (cause) {
    throw new GatewayError('model_unsupported', 'model must be one that onnxruntime can load', { cause });
  }
  const [metadata] = session.inputMetadata;
  const name = session.inputNames[0];
  if (metadata === undefined || name === undefined || session.inputNames.length !== 1) {
    throw new GatewayError('model_unsupported', 'model must have exactly one input');
  }
  const inputShape = fixedShape(metadata, given);
  const input = new Float32Array(elements(inputShape));
  const feeds = { [name]: new Tensor('float32', input, inputShape) };
  const fetches: Record<string, Tensor> = {};
  const outputs: Record<string, Float32Array> = {};
  const outputShapes: Record<string, readonly number[]> = {};
  for (const output of session.outputMetadata) {
    const shape = fixedShape(output, given && [given[0]!]);
    const buffer = new Float32Array(elements(shape));
    fetches[output.name] = new Tensor('float32', buffer, shape);
    outputs[output.name] = buffer;
    outputShapes[output.name] = shape;
  }
  const run = () => session.run(feeds, fetches);
  return { inputShape, outputShapes, input, outputs, run, release: () => session.release() };
}

/** A model in memory with one float32 input. Input and output buffers are made once and used again. */
export class OnnxSession {
  readonly #runner: ModelRunner;
  #previous: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(runner: ModelRunner) {
    this.#runner = runner;
  }

  /** A model that runs in this thread. @throws GatewayError model_unsupported */
  static async open(model: Uint8Array, options: ModelOptions = {}): Promise<OnnxSession> {
    return new OnnxSession(await loadModel(model, options));
  }

  /** Extents of the input. */
  get inputShape(): readonly number[] {
    return this.#runner.inputShape;
  }

  /** Extents of each output. */
  get outputShapes(): Readonly<Record<string, readonly number[]>> {
    return this.#runner.outputShapes;
  }

  /**
   * Runs the model once. Calls of several callers are run one after the other, since they share the buffers: `fill` writes
   * the whole input when it is this call's turn, `read` takes what it needs from the outputs before the next one's.
   * @throws GatewayError closed
   */
  run<T>(fill: (input: Float32Array) => void, read: (outputs: Outputs) => T): Promise<T> {
    const result = this.#previous.then(async () => {
      if (this.#closed) throw new GatewayError('closed', 'model must be open');
      fill(this.#runner.input);
      await this.#runner.run();
      return read(this.#runner.outputs);
    });
    this.#previous = result.catch(() => undefined);
    return result;
  }

  /** Idempotent. A run that is under way is finished first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#previous;
    await this.#runner.release();
  }
}

/** @param given what open extents are */
function fixedShape(value: InferenceSession.ValueMetadata, given: readonly number[] = []): number[] {
  if (!value.isTensor || value.type !== 'float32') {
    throw new GatewayError('model_unsupported', `value must be a float32 tensor [name:${value.name}]`);
  }
  return value.shape.map((extent, index) => {
    if (typeof extent === 'number' && extent > 0) return extent;
    const filled = given[index];
    if (filled !== undefined) return filled;
    throw new GatewayError('model_unsupported', `shape must be fixed [name:${value.name}] [extent:${extent}]`);
  });
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
