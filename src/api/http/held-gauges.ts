import { Gauge, type Registry } from 'prom-client';
import { threadHeld, type ThreadHeld } from '../../held.ts';
import type { Supervisor } from '../../worker/supervisor/supervisor.ts';

/** What the gateway and its media workers hold, for Prometheus: memory, handles, and what sessions open. */
export class HeldGauges {
  readonly #supervisor: Pick<Supervisor, 'held'>;
  readonly #resident: Gauge<'process'>;
  readonly #heap: Gauge<'process' | 'threads'>;
  readonly #handles: Gauge<'process' | 'threads'>;
  readonly #objects: Gauge<'process' | 'kind'>;

  constructor(supervisor: Pick<Supervisor, 'held'>, registry: Registry) {
    this.#supervisor = supervisor;
    const registers = [registry];
    this.#resident = new Gauge({
      name: 'guise_resident_bytes',
      help: 'Resident memory of the gateway and of each media worker',
      labelNames: ['process'],
      registers,
    });
    this.#heap = new Gauge({
      name: 'guise_heap_bytes',
      help: 'JavaScript heap and what it owns outside, by threads',
      labelNames: ['process', 'threads'],
      registers,
    });
    this.#handles = new Gauge({
      name: 'guise_handles',
      help: 'Sockets, timers and ports that keep event loops alive, by threads',
      labelNames: ['process', 'threads'],
      registers,
    });
    this.#objects = new Gauge({
      name: 'guise_objects',
      help: 'What is open in media workers: sessions, viewers, feeds, halves in pixel threads, native pictures and codecs',
      labelNames: ['process', 'kind'],
      registers,
    });
  }

  /** Asks all. A media worker that does not answer is left out. */
  async update(): Promise<void> {
    const workers = await this.#supervisor.held();
    for (const gauge of [this.#resident, this.#heap, this.#handles, this.#objects]) gauge.reset();
    this.#resident.set({ process: 'gateway' }, process.memoryUsage.rss());
    this.#thread('gateway', 'main', threadHeld());
    for (const [place, { residentBytes, threads, objects }] of workers) {
      const name = `media-${place}`;
      this.#resident.set({ process: name }, residentBytes);
      for (const [of, held] of Object.entries(threads)) this.#thread(name, of, held);
      for (const [kind, count] of Object.entries(objects)) this.#objects.set({ process: name, kind }, count);
    }
  }

  #thread(name: string, threads: string, { heapBytes, handles }: ThreadHeld): void {
    this.#heap.set({ process: name, threads }, heapBytes);
    this.#handles.set({ process: name, threads }, handles);
  }
}
