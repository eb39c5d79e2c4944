import { Counter, Gauge, type Registry } from 'prom-client';
import type { BrokerHost } from '../../worker/broker-host/broker-host.ts';
import type { BrokerFigures } from '../../worker/wire/broker-control.ts';

type Host = Pick<BrokerHost, 'state' | 'figures' | 'replaced'>;

/** GPUs, their workers and the frame scheduler, for Prometheus. Counts begin anew when the broker is replaced. */
export class GpuGauges {
  readonly #host: Host;
  readonly #of: ReturnType<typeof gaugesIn>;

  constructor(host: Host, registry: Registry) {
    this.#host = host;
    this.#of = gaugesIn(registry);
  }

  /** Takes over what the broker has told last. */
  update(): void {
    const { figures, state, replaced } = this.#host;
    const gauges = this.#of;
    for (const gauge of Object.values(gauges)) gauge.reset();
    gauges.broker.set({ provider: figures?.provider ?? 'none' }, state === 'ready' ? 1 : 0);
    gauges.brokerRestarts.inc(replaced);
    if (figures === undefined) return;
    this.#cards(figures);
    this.#frames(figures);
  }

  #cards({ gpus }: BrokerFigures): void {
    const gauges = this.#of;
    for (const { device, workers, mps, card } of gpus) {
      const gpu = String(device);
      gauges.workers.set({ gpu, mps }, workers.filter(({ state }) => state === 'running').length);
      gauges.working.set({ gpu }, workers.filter(({ works }) => works).length);
      gauges.workerRestarts.inc(
        { gpu },
        workers.reduce((sum, { replaced }) => sum + replaced, 0),
      );
      if (card === null) continue;
      const { utilisation, memoryUsedBytes, memoryTotalBytes, temperature, throttled } = card;
      if (utilisation !== null) gauges.utilisation.set({ gpu }, utilisation);
      if (memoryUsedBytes !== null) gauges.memory.set({ gpu, kind: 'used' }, memoryUsedBytes);
      if (memoryTotalBytes !== null) gauges.memory.set({ gpu, kind: 'total' }, memoryTotalBytes);
      if (temperature !== null) gauges.temperature.set({ gpu }, temperature);
      if (throttled !== null) gauges.throttled.set({ gpu }, throttled ? 1 : 0);
    }
  }

  #frames({ lanes, load, offered, onTime, ends, batches, recipes, spent }: BrokerFigures): void {
    const gauges = this.#of;
    gauges.lanes.set(lanes);
    gauges.load.set(load);
    gauges.offered.inc(offered);
    gauges.onTime.inc(onTime);
    for (const [end, count] of Object.entries(ends)) gauges.ends.inc({ end }, count);
    for (const [crops, count] of Object.entries(batches)) gauges.batches.inc({ crops }, count);
    for (const { name, facesPerSecond } of recipes) gauges.faces.set({ recipe: name }, facesPerSecond);
    for (const { tier, tenant, milliseconds } of spent) gauges.spent.inc({ tier, tenant }, milliseconds);
  }
}

function gaugesIn(registry: Registry) {
  const registers = [registry];
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name: `guise_gpu_${name}`, help, labelNames, registers });
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name: `guise_gpu_${name}_total`, help, labelNames, registers });
  return {
    broker: gauge('broker_ready', '1 while the broker is ready, by the execution provider really in use', 'provider'),
    brokerRestarts: counter('broker_restarts', 'Brokers that were lost or did not start'),
    workers: gauge('workers', 'GPU workers that are ready, by GPU and how it is shared', 'gpu', 'mps'),
    working: gauge('workers_working', 'GPU workers that are given work; the others are spare or loading', 'gpu'),
    workerRestarts: counter('worker_restarts', 'GPU workers that were lost or did not start', 'gpu'),
    utilisation: gauge('utilisation_ratio', 'Share of time in which something ran on the GPU', 'gpu'),
    memory: gauge('memory_bytes', 'Memory of the GPU, used and in all', 'gpu', 'kind'),
    temperature: gauge('temperature_celsius', 'Temperature of the GPU', 'gpu'),
    throttled: gauge('throttled', '1 while the GPU is slowed down by heat or power', 'gpu'),
    lanes: gauge('lanes', 'Sessions that are swapped by networks'),
    load: gauge('load_ratio', 'What open lanes need of what the GPUs were measured to do'),
    offered: counter('frames_offered', 'Frames that came to be swapped'),
    onTime: counter('frames_on_time', 'Frames that were swapped by their deadline'),
    ends: counter('frames', 'Frames by how they ended', 'end'),
    batches: counter('batches', 'Batches that were run, by their crops', 'crops'),
    faces: gauge('faces_per_second', 'Faces a second that all GPUs were measured to swap', 'recipe'),
    spent: counter('milliseconds', 'Time of GPU workers by whom it was spent on', 'tier', 'tenant'),
  };
}
