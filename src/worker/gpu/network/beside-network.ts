import type { BatchContract } from '../../../onnx/device/batch-contract.ts';
import { BatchSession } from '../../../onnx/device/batch-session.ts';
import type { GiveEnds } from '../../../onnx/prepare/prepare-graph.ts';
import { apartBy, sizeOf, type NetworkFile, type OnnxEngineOptions } from './onnx-network.ts';

/** Crops that go through such a network together: most of a batch, and what is left one by one. Each of the two is in memory once. */
export const TOGETHER = 4;

/** What goes into a network, of all crops one behind the other, by the names of its prepared file. */
export type BesideInputs = Readonly<Record<string, Uint8Array | Float32Array>>;

/** A file's own ends, for one crop: what preparing puts into its graph. */
export interface PlainEnds {
  fill(inputs: BesideInputs): void;
  /** @param outputs written */
  read(inputs: BesideInputs, outputs: readonly Uint8Array[]): void;
}

/** A network that a recipe has beside its swap: crops as bytes go in, and bytes come out. */
export interface BesideSpec {
  /** Path of the ONNX file. */
  readonly file: string;
  /** What its prepared file takes and gives depends on all of this. */
  readonly key: unknown;
  readonly contracts: Readonly<Record<NetworkFile['ends'], BatchContract>>;
  /** Elements of each input, and bytes of each output, of one crop. */
  readonly takes: Readonly<Record<string, number>>;
  readonly gives: readonly number[];
  readonly giveEnds: GiveEnds;
  plainEnds(session: BatchSession): PlainEnds;
  /** Something to compare two files by. */
  sample(crops: number): BesideInputs;
}

/** Such a network on onnxruntime. */
export class BesideNetwork {
  preparation: string;
  readonly #spec: BesideSpec;
  readonly #session: BatchSession;
  readonly #together: number;
  /** Of a file whose ends are not prepared. */
  readonly #plain: PlainEnds | undefined;
  readonly #fileBytes: number;
  #closed = false;

  /** @throws GatewayError model_unsupported, provider_unavailable, capacity_full, device_lost */
  static async open(
    spec: BesideSpec,
    file: NetworkFile,
    { together, ...options }: OnnxEngineOptions & { readonly together: number },
  ): Promise<BesideNetwork> {
    const maximumBatch = file.ends === 'bytes' ? together : 1;
    const contract = spec.contracts[file.ends];
    const apart = apartBy(options);
    const session = await BatchSession.open(file.path, { ...options, maximumBatch, apart, contract });
    const fileBytes = await sizeOf(file.path);
    const network = new BesideNetwork(session, { spec, file, together: maximumBatch, fileBytes });
    // Its second copy is opened by its first run, which no frame should wait for.
    try {
      if (session.apart && maximumBatch > 1) await network.run(spec.sample(1), 1);
      return network;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  private constructor(
    session: BatchSession,
    parts: {
      readonly spec: BesideSpec;
      readonly file: NetworkFile;
      readonly together: number;
      readonly fileBytes: number;
    },
  ) {
    this.#session = session;
    this.#spec = parts.spec;
    this.#together = parts.together;
    this.#fileBytes = parts.fileBytes;
    this.preparation = parts.file.preparation;
    this.#plain = parts.file.ends === 'bytes' ? undefined : parts.spec.plainEnds(session);
  }

  /** Nodes, small ones, that ran elsewhere. */
  get elsewhere(): number {
    return this.#session.elsewhere;
  }

  /** Bytes of its weights. */
  get bytes(): number {
    return this.#session.copies * this.#fileBytes;
  }

  /**
   * @returns each output of all crops, one behind the other
   * @throws GatewayError device_lost
   */
  async run(inputs: BesideInputs, crops: number): Promise<readonly Uint8Array[]> {
    const outputs = this.#spec.gives.map((bytes) => new Uint8Array(crops * bytes));
    for (let first = 0; first < crops;) {
      const count = crops - first >= this.#together ? this.#together : 1;
      await this.#runSome(this.#inputsOf(inputs, first, count), count, this.#outputsOf(outputs, first, count));
      first += count;
    }
    return outputs;
  }

  /** Idempotent; no run may be under way. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#session.close();
  }

  async #runSome(inputs: BesideInputs, count: number, outputs: readonly Uint8Array[]): Promise<void> {
    const session = this.#session;
    if (this.#plain === undefined)
      for (const [name, values] of Object.entries(inputs)) session.inputs[name]!.set(values);
    else this.#plain.fill(inputs);
    await session.run(count);
    if (this.#plain !== undefined) return this.#plain.read(inputs, outputs);
    outputs.forEach((output, index) => output.set(session.outputs[index]!.subarray(0, output.length)));
  }

  #inputsOf(inputs: BesideInputs, first: number, count: number): BesideInputs {
    const { takes } = this.#spec;
    return Object.fromEntries(
      Object.entries(takes).map(([name, elements]) => [
        name,
        inputs[name]!.subarray(first * elements, (first + count) * elements),
      ]),
    );
  }

  #outputsOf(outputs: readonly Uint8Array[], first: number, count: number): readonly Uint8Array[] {
    const { gives } = this.#spec;
    return outputs.map((output, index) => output.subarray(first * gives[index]!, (first + count) * gives[index]!));
  }
}
