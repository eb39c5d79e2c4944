import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GatewayError } from '../../errors.ts';
import { readContract, type BatchContract, type BatchValue } from './batch-contract.ts';
import { proveProvider, type ProviderName, type ProviderProof } from './provider-proof.ts';

export interface BatchSessionOptions {
  readonly contract: BatchContract;
  readonly provider: ProviderName;
  /** The device, as the provider counts them. */
  readonly deviceId: number;
  /** Processor threads of the cpu provider. */
  readonly threads: number;
  /** Items of the largest run. */
  readonly maximumBatch: number;
  /** The model is loaded once for each batch size. Default: on all providers but cpu. */
  readonly apart?: boolean | undefined;
}

/** Values of one tensor for the largest batch: float32, the bits of float16, or uint8. */
export type TensorValues = Float32Array | Uint16Array | Uint8Array;

/** The session's ends for one batch size. */
interface Ends {
  readonly feeds: Record<string, Tensor>;
  readonly fetches: Record<string, Tensor>;
}

/**
 * A model on a device, run in batches. Its buffers are made once, for the largest batch; what runs the nodes is proved by a first
 * run before it is given out. On a device it is loaded once for each batch size, the largest first: whenever a session of the CUDA
 * provider gets another extent than before, cuDNN plans all its convolutions anew, which took 410–560 ms for inswapper's shape on an H100.
 */
export class BatchSession {
  /** Values of each input, by the contract's name, [maximumBatch, …], to be written before a run. */
  readonly inputs: Readonly<Record<string, TensorValues>>;
  /** Values of each output, [maximumBatch, …], to be read after it. */
  readonly outputs: readonly TensorValues[];
  /** By batch size; where one serves all, it is that of 1. */
  readonly #sessions = new Map<number, InferenceSession>();
  readonly #file: string;
  readonly #options: BatchSessionOptions;
  readonly #values: ReturnType<typeof readContract>;
  readonly #ends = new Map<string, Ends>();
  #proof: ProviderProof = { nodes: 0, elsewhere: 0 };

  private constructor(session: InferenceSession, file: string, options: BatchSessionOptions) {
    const { contract, maximumBatch } = options;
    this.#values = readContract(session, contract);
    this.#file = file;
    this.#options = options;
    this.#sessions.set(this.#sizeFor(maximumBatch), session);
    const { inputs, outputs } = this.#values;
    this.inputs = Object.fromEntries(inputs.map((value) => [value.key, buffer(value, maximumBatch)]));
    this.outputs = outputs.map((value) => buffer(value, maximumBatch));
  }

  /**
   * @param file path of an ONNX file
   * @throws GatewayError model_unsupported, provider_unavailable, device_lost
   */
  static async open(file: string, options: BatchSessionOptions): Promise<BatchSession> {
    const folder = await mkdtemp(join(tmpdir(), 'guise-profile-'));
    try {
      const session = await create(file, options, join(folder, 'run'));
      try {
        const batches = new BatchSession(session, file, options);
        await batches.#prove(session, folder);
        return batches;
      } catch (error) {
        // Closed here, or releasing it writes a profile behind our back.
        session.endProfiling();
        await session.release();
        throw error;
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** How often its weights are in memory. */
  get copies(): number {
    return this.#sessions.size;
  }

  /** Each batch size has a session of its own, which its first run opens. */
  get apart(): boolean {
    const { apart, provider } = this.#options;
    return !this.#values.single && (apart ?? provider !== 'cpu');
  }

  /** Nodes that did not run on the provider: small ones. */
  get elsewhere(): number {
    return this.#proof.elsewhere;
  }

  /**
   * Runs the first `batch` items of the inputs. It blocks the thread; the first time with a batch size it may load the model.
   * @throws GatewayError device_lost, capacity_full
   */
  async run(batch: number): Promise<void> {
    const session = await this.#sessionFor(batch);
    try {
      if (!this.#values.single) await runOnce(session, this.#endsOf(0, batch));
      else for (let item = 0; item < batch; item++) await runOnce(session, this.#endsOf(item, 1));
    } catch (cause) {
      // The context of a device is broken by most that can go wrong there, and a run that could not fail did.
      throw new GatewayError('device_lost', `the device must run the network: ${reasonOf(cause)}`, { cause });
    }
  }

  /** No run may be under way. */
  async close(): Promise<void> {
    this.#ends.clear();
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }

  async #sessionFor(batch: number): Promise<InferenceSession> {
    const size = this.#sizeFor(batch);
    let session = this.#sessions.get(size);
    if (session === undefined) this.#sessions.set(size, (session = await create(this.#file, this.#options)));
    return session;
  }

  #sizeFor(batch: number): number {
    return this.apart ? batch : 1;
  }

  // Profiling is on from the start of the session to the end of this run, and costs nothing afterwards.
  async #prove(session: InferenceSession, folder: string): Promise<void> {
    const { provider, maximumBatch } = this.#options;
    try {
      await runOnce(session, this.#endsOf(0, this.#sizeFor(maximumBatch)));
    } catch (cause) {
      throw runError(cause, this.#file, provider);
    }
    session.endProfiling();
    const [profile] = await readdir(folder);
    if (profile === undefined) {
      const message = 'onnxruntime must write a profile, which says where nodes run';
      throw new GatewayError('provider_unavailable', `${message} [folder:${folder}]`);
    }
    this.#proof = proveProvider(await readFile(join(folder, profile), 'utf8'), provider);
  }

  #endsOf(first: number, batch: number): Ends {
    const key = `${first}+${batch}`;
    let ends = this.#ends.get(key);
    if (ends === undefined) this.#ends.set(key, (ends = this.#makeEnds(first, batch)));
    return ends;
  }

  #makeEnds(first: number, batch: number): Ends {
    const part = ({ name, type, extents, elements }: BatchValue, values: TensorValues): [string, Tensor] => {
      const items = values.subarray(first * elements, (first + batch) * elements);
      return [name, new Tensor(type, items as never, [batch, ...extents])];
    };
    const { inputs, outputs, numbers } = this.#values;
    const numbered = numbers.map(({ name, value, extents }) => [
      name,
      new Tensor('float64', Float64Array.of(value), extents),
    ]);
    return {
      feeds: Object.fromEntries([...inputs.map((value) => part(value, this.inputs[value.key]!)), ...numbered]),
      fetches: Object.fromEntries(outputs.map((value, index) => part(value, this.outputs[index]!))),
    };
  }
}

async function runOnce(session: InferenceSession, { feeds, fetches }: Ends): Promise<void> {
  await session.run(feeds, fetches);
}

function buffer({ type, elements }: BatchValue, batch: number): TensorValues {
  if (type === 'uint8') return new Uint8Array(batch * elements);
  return type === 'float16' ? new Uint16Array(batch * elements) : new Float32Array(batch * elements);
}

/** @param profile where its profile is written, if its first run is to be looked at */
async function create(file: string, options: BatchSessionOptions, profile?: string): Promise<InferenceSession> {
  const { provider, deviceId, threads } = options;
  try {
    return await InferenceSession.create(file, {
      executionProviders: provider === 'cpu' ? ['cpu'] : providersOf(provider, deviceId),
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    });
  } catch (cause) {
    throw openError(cause, file, provider);
  }
}

function providersOf(
  provider: 'cuda' | 'tensorrt' | 'webgpu',
  deviceId: number,
): InferenceSession.ExecutionProviderConfig[] {
  if (provider === 'webgpu') return ['webgpu'];
  const cuda = { name: 'cuda', deviceId } as const;
  return provider === 'cuda' ? [cuda] : [{ name: 'tensorrt', deviceId }, cuda];
}

/** What onnxruntime says when a provider is not there, its library does not fit, or the device does not answer. */
const PROVIDER_TROUBLE =
  /ExecutionProvider|shared library|providers?_|CUDA|CUBLAS|CUDNN|adapter|backend not found|no available backend/i;
const DEVICE_TROUBLE = /CUDA|CUBLAS|CUDNN|adapter|device/i;
const MEMORY_TROUBLE = /allocate memory|out of memory/i;

function openError(cause: unknown, file: string, provider: ProviderName): GatewayError {
  const reason = reasonOf(cause);
  if (MEMORY_TROUBLE.test(reason)) {
    return new GatewayError('capacity_full', `the network must fit into memory [file:${file}]: ${reason}`, { cause });
  }
  if (provider !== 'cpu' && PROVIDER_TROUBLE.test(reason)) {
    const remedy =
      provider === 'webgpu'
        ? 'a GPU with a driver for Vulkan, Metal or Direct3D must be there'
        : "onnxruntime's library of this provider must lie beside libonnxruntime, CUDA and cuDNN on the library path, and a GPU must be there";
    const message = `execution provider must be available: ${remedy}, or choose another provider [provider:${provider}]: ${reason}`;
    return new GatewayError('provider_unavailable', message, { cause });
  }
  const message = `model must be one that onnxruntime can load and run [file:${file}]: ${reason}`;
  return new GatewayError('model_unsupported', message, { cause });
}

/** Of a first run: a file can be at fault, which another process would not mend. */
function runError(cause: unknown, file: string, provider: ProviderName): GatewayError {
  const reason = reasonOf(cause);
  if (provider !== 'cpu' && DEVICE_TROUBLE.test(reason) && !MEMORY_TROUBLE.test(reason)) {
    return new GatewayError('device_lost', `the device must run the network: ${reason}`, { cause });
  }
  return openError(cause, file, 'cpu');
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim().slice(0, 400);
}
