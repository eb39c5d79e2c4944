import type { Milli } from '../time.ts';
import type { CostTable } from './cost/cost-table.ts';
import type { DropReason } from './drop.ts';

/** What a tier of sessions is promised when there is too much for the GPUs. */
export interface TierOptions {
  /** Share of what no tier has reserved, against the other tiers' weights; above 0. Default 1. */
  readonly weight?: number;
  /** Share of the GPUs that is this tier's whatever the others ask for, 0–1. Default 0; all together at most 1. */
  readonly reserved?: number;
}

export interface FrameSchedulerOptions {
  /** What batches take; kept current by `finished`. Its owner fills it with profiles, at any time. */
  readonly costs: CostTable;
  /** GPUs, at least 1. Worker `w` is on GPU `⌊w ÷ workersPerGpu⌋`. */
  readonly gpus: number;
  readonly workersPerGpu: number;
  /** Most lanes at a time. */
  readonly lanes: number;
  /** Default: one. */
  readonly tiers?: readonly TierOptions[];
  /** Most crops a second of all lanes of one tenant; what is more is thinned. Default Infinity. Tenant 0 is nobody's: no cap. */
  readonly tenantRate?: number;
  /** A worker may take its next batch so long before its current one is expected to end, to have it staged. Default 0. */
  readonly lead?: Milli;
  /** A frame is given up; exactly once for each that is not taken, or was taken and lost. It must not call back. */
  readonly onDrop: (lane: number, frame: number, reason: DropReason) => void;
  /** How far a lane is degraded has changed: see degradation.ts. It must not call back. */
  readonly onLevel?: (lane: number, level: number) => void;
}

export interface LaneOptions {
  readonly recipe: number;
  readonly tier: number;
  /** 0: nobody's in particular. */
  readonly tenant: number;
  /** Frames a second that will be offered. */
  readonly frameRate: number;
  /** Of each frame. */
  readonly faces: number;
  /** Crops of a face at most; more than one where it is cut more finely than the network takes it. Default 1. */
  readonly cropsEach?: number;
  /** Its recipe has an enhancer, which the ladder can leave out. Default false. */
  readonly enhancer?: boolean;
  /** A lane of the same session, if it has several: what one is given the other has had. It is closed last. */
  readonly beside?: number;
}
