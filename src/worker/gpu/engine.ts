import type { GpuRecipe, Provider } from '../wire/gpu-protocol.ts';
import type { Milli } from '../../time.ts';
import type { BesideNetwork, BesideSpec } from './network/beside-network.ts';

/** Crops that go through a network together. */
export interface EngineBatch {
  readonly crops: number;
  /** Crops that the network is run for: at least `crops`; what comes out of the others is not looked at. */
  readonly filled: number;
  /** [crops, size, size, 3] uint8, RGB. The swapped ones take their place. */
  readonly pixels: Uint8Array;
  /** Bytes of the source of each crop, as the recipe says. */
  readonly sources: readonly Uint8Array[];
}

/** What a run took. */
export interface RunDurations {
  /** Making tensors of pixels and sources. */
  readonly filled: Milli;
  readonly run: Milli;
  /** Making pixels again. */
  readonly read: Milli;
}

/** What a run gave. */
export interface RunDone extends RunDurations {
  /** Crops of which the network made no picture, since it gave numbers that are not finite: what lies in their place is not to be shown. */
  readonly broken: readonly number[];
  /** [crops, size, size] uint8: how much of each the network itself lets be seen, if the recipe asks for that. */
  readonly masks?: Uint8Array | undefined;
}

/** A recipe's swap network in an engine, ready to run. */
export interface OpenNetwork {
  /** The execution provider that was seen to run it. */
  readonly provider: Provider;
  /** How its file was prepared, or why it is run as it is. */
  readonly preparation: string;
  /** Nodes, small ones, that ran elsewhere. */
  readonly elsewhere: number;
  /** Bytes of its weights. */
  readonly bytes: number;
  /** The first run of each batch size but the largest loads it once more, which takes as long as opening it. */
  readonly apart: boolean;
  /** @throws GatewayError device_lost: nothing more can be run in this process */
  run(batch: EngineBatch): Promise<RunDone>;
  /** Idempotent; no run may be under way. */
  close(): Promise<void>;
}

/** What runs networks. It is used by one thread, one call at a time, and may block it. */
export interface Engine {
  /** Bytes that a recipe will take, before it is opened. @throws GatewayError model_unsupported if there is no such file */
  bytesOf(recipe: GpuRecipe): Promise<number>;
  /**
   * Opens a recipe's swap network and proves that it runs where it should.
   * @throws GatewayError model_unsupported, provider_unavailable, capacity_full, device_lost
   */
  open(recipe: GpuRecipe): Promise<OpenNetwork>;
  /** Opens a network that a recipe has beside its swap, and proves the same. @throws GatewayError as `open` */
  openBeside(spec: BesideSpec, recipe: Pick<GpuRecipe, 'prepare' | 'maximumBatch'>): Promise<BesideNetwork>;
}
