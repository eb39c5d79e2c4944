import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Supervisor } from '../../worker/supervisor/supervisor.ts';
import type { SessionFigures } from '../../worker/wire/protocol.ts';
import type { BrokerHost } from '../../worker/broker-host/broker-host.ts';
import { GpuGauges } from './gpu-gauges.ts';
import { HeldGauges } from './held-gauges.ts';
import type { IdentityStore } from './identity-store.ts';

/** Upper bounds of the added-latency histogram, milliseconds. */
const LATENCY_BUCKETS = [10, 15, 20, 25, 33, 50, 66, 100, 200, 500];

/** Upper bounds of the estimates of the way back, bits a second. */
const ESTIMATE_BUCKETS = [150e3, 300e3, 500e3, 750e3, 1e6, 1.5e6, 2e6, 2.5e6, 3e6, 4e6, 8e6];
/** Upper bounds of the loss on the way back, fractions. */
const LOSS_BUCKETS = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/** Upper bounds of what a session takes of a GPU worker in a second, milliseconds. */
const GPU_TIME_BUCKETS = [10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000];

/** What the gateway tells Prometheus. Numbers only: nothing about who is in a session. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #held: HeldGauges;
  /** Only where there are GPUs. */
  readonly #gpu: GpuGauges | undefined;
  readonly #opened: Counter;
  readonly #ended: Counter<'reason'>;
  readonly #frames: Counter<'outcome'>;
  readonly #drops: Counter<'at'>;
  readonly #latency: Histogram;
  readonly #busy: Counter<'station'>;
  readonly #resent: Counter;
  readonly #estimate: Histogram;
  readonly #loss: Histogram;
  readonly #gpuTime: Histogram;

  constructor(observed: {
    readonly supervisor: Pick<Supervisor, 'status' | 'held'>;
    readonly store: IdentityStore;
    /** Left out where there are no GPUs. */
    readonly broker?: BrokerHost | undefined;
  }) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, prefix: 'guise_gateway_' });
    const { supervisor, store, broker } = observed;
    this.#gpu = broker === undefined ? undefined : new GpuGauges(broker, this.#registry);
    this.#held = new HeldGauges(supervisor, this.#registry);
    gauge('guise_sessions', 'Sessions now', () => supervisor.status.sessions);
    gauge('guise_sessions_waiting', 'Callers who wait in line for a place', () => supervisor.status.waiting);
    gauge('guise_media_workers', 'Media workers that take calls', () => supervisor.status.workers.length);
    gauge(
      'guise_relayed_chunks_dropped',
      'Chunks for viewers in other media workers that were too slow to take them',
      () => supervisor.status.dropped,
    );
    gauge('guise_media_worker_restarts', 'Media workers that were lost', () => supervisor.status.restarts);
    gauge('guise_identities', 'Uploaded identities held', () => store.count);
    gauge('guise_identity_bytes', 'Memory of uploaded identities', () => store.bytes);
    this.#opened = new Counter({ name: 'guise_sessions_opened_total', help: 'Sessions opened', registers });
    this.#ended = new Counter({
      name: 'guise_sessions_refused_total',
      help: 'Sessions refused or broken off, by error code',
      labelNames: ['reason'],
      registers,
    });
    this.#frames = new Counter({
      name: 'guise_frames_total',
      help: 'Frames sent back, by what they show of the face',
      labelNames: ['outcome'],
      registers,
    });
    this.#drops = new Counter({
      name: 'guise_frames_dropped_total',
      help: 'Frames given up, by stage and reason',
      labelNames: ['at'],
      registers,
    });
    this.#busy = new Counter({
      name: 'guise_pixel_busy_milliseconds_total',
      help: 'Time of pixel threads that sessions took, by station: decode, copy, track, swap, composite, encode',
      labelNames: ['station'],
      registers,
    });
    this.#latency = new Histogram({
      name: 'guise_added_latency_p50_milliseconds',
      help: 'Median added latency of each second of each session',
      buckets: LATENCY_BUCKETS,
      registers,
    });
    this.#resent = new Counter({
      name: 'guise_packets_resent_total',
      help: 'Packets of video that were sent again because a caller missed them',
      registers,
    });
    this.#estimate = new Histogram({
      name: 'guise_way_back_estimate_bits_per_second',
      help: 'What the way back carries, by the estimate of each second of each session',
      buckets: ESTIMATE_BUCKETS,
      registers,
    });
    this.#loss = new Histogram({
      name: 'guise_way_back_loss_ratio',
      help: 'Fraction of packets lost on the way back, of each second of each session',
      buckets: LOSS_BUCKETS,
      registers,
    });

    this.#gpuTime = new Histogram({
      name: 'guise_session_gpu_milliseconds',
      help: 'Time of GPU workers that went into each second of each session with a recipe',
      buckets: GPU_TIME_BUCKETS,
      registers,
    });

    function gauge(name: string, help: string, value: () => number): void {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    }
  }

  sessionOpened(): void {
    this.#opened.inc();
  }

  /** @param code of the error that ended or refused it */
  sessionFailed(code: string): void {
    this.#ended.inc({ reason: code });
  }

  /** One second of one session. */
  secondPassed(figures: SessionFigures): void {
    this.#frames.inc({ outcome: 'swapped' }, figures.swapped);
    this.#frames.inc({ outcome: 'reused' }, figures.reused);
    this.#frames.inc({ outcome: 'hidden' }, figures.hidden);
    this.#frames.inc({ outcome: 'clear' }, figures.clear);
    for (const [at, count] of Object.entries(figures.drops)) this.#drops.inc({ at }, Math.max(0, count));
    for (const [station, duration] of Object.entries(figures.stations)) this.#busy.inc({ station }, duration);
    this.#resent.inc(figures.resent);
    if (figures.gpu > 0) this.#gpuTime.observe(figures.gpu);
    if (figures.fpsOut === 0) return;
    this.#latency.observe(figures.latencyP50);
    this.#loss.observe(figures.lossOut);
    if (figures.estimate !== null) this.#estimate.observe(figures.estimate);
  }

  /** Text in Prometheus' format, with its content type. */
  async text(): Promise<{ readonly type: string; readonly text: string }> {
    await this.#held.update();
    this.#gpu?.update();
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
