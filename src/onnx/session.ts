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

/**
 * A model in memory with one float32 input, run on the CPU. Input and output buffers are made once and used again.
 */
export class OnnxSession {
  /** Extents of the input and of each output. */
  readonly inputShape: readonly number[];
  readonly outputShapes: Readonly<Record<string, readonly number[]>>;
  readonly #session: InferenceSession;
  readonly #input: Float32Array;
  readonly #feeds: Record<string, Tensor>;
  readonly #fetches: Record<string, Tensor>;
  readonly #outputs: Outputs;
  #previous: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(session: InferenceSession, inputShape?: readonly number[]) {
    this.#session = session;
    const [input] = session.inputMetadata;
    const name = session.inputNames[0];
    if (input === undefined || name === undefined || session.inputNames.length !== 1) {
      throw new GatewayError('model_unsupported', 'model must have exactly one input');
    }
    this.inputShape = fixedShape(input, inputShape);
    this.#input = new Float32Array(elements(this.inputShape));
    this.#feeds = { [name]: new Tensor('float32', this.#input, this.inputShape) };
    this.#fetches = {};
    const outputs: Record<string, Float32Array> = {};
    const shapes: Record<string, readonly number[]> = {};
    for (const output of session.outputMetadata) {
      const shape = fixedShape(output, inputShape && [inputShape[0]!]);
      const buffer = new Float32Array(elements(shape));
      this.#fetches[output.name] = new Tensor('float32', buffer, shape);
      outputs[output.name] = buffer;
      shapes[output.name] = shape;
    }
    this.#outputs = outputs;
    this.outputShapes = shapes;
  }

  /**
   * @param model an ONNX file
   * @param options `inputShape` fills in the extents that the model leaves open; its first is that of the outputs too
   * @throws GatewayError model_unsupported
   */
  static async open(
    model: Uint8Array,
    { inputShape }: { readonly inputShape?: readonly number[] } = {},
  ): Promise<OnnxSession> {
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(model, OPTIONS);
    } catch (cause) {
      throw new GatewayError('model_unsupported', 'model must be one that onnxruntime can load', { cause });
    }
    return new OnnxSession(session, inputShape);
  }

  /**
   * Runs the model once. Calls of several callers are run one after the other, since they share the buffers: `fill` writes
   * the whole input when it is this call's turn, `read` takes what it needs from the outputs before the next one's.
   * @throws GatewayError closed
   */
  run<T>(fill: (input: Float32Array) => void, read: (outputs: Outputs) => T): Promise<T> {
    const result = this.#previous.then(async () => {
      if (this.#closed) throw new GatewayError('closed', 'model must be open');
      fill(this.#input);
      await this.#session.run(this.#feeds, this.#fetches);
      return read(this.#outputs);
    });
    this.#previous = result.catch(() => undefined);
    return result;
  }

  /** Idempotent. A run that is under way is finished first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#previous;
    await this.#session.release();
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
