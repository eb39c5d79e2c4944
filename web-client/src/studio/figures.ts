import type { Statistics } from '../../../src/api/messages.ts';
import { element } from './elements.ts';
import { LatencyPlot } from './latency-plot.ts';

/** The list of live figures and the latency plot. */
export class Figures {
  readonly #plot = new LatencyPlot(element('plot', HTMLCanvasElement));

  show(figures: Statistics): void {
    const drops = Object.entries(figures.drops).filter(([, count]) => count > 0);
    set('fps', `${figures.fpsIn.toFixed(0)} / ${figures.fpsOut.toFixed(0)}`);
    set('latency', `${figures.latencyP50.toFixed(0)} / ${figures.latencyP99.toFixed(0)} ms`);
    set('round-trip', figures.roundTrip === null ? '–' : `${figures.roundTrip.toFixed(0)} ms`);
    set('bitrate', `${megabits(figures.bitrateIn)} / ${megabits(figures.bitrateOut)} Mb/s`);
    set('picture', `${figures.width} × ${figures.height}, ${figures.codec.toUpperCase()}`);
    set(
      'drops',
      drops.length === 0 ? 'none' : drops.map(([why, count]) => `${count} ${why.replace(':', ' ')}`).join(', '),
    );
    this.#plot.push(figures.latencyP50, figures.latencyP99);
  }
}

function set(id: string, text: string): void {
  element(id, HTMLElement).textContent = text;
}

function megabits(bitsPerSecond: number): string {
  return (bitsPerSecond / 1e6).toFixed(1);
}
