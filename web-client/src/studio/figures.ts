import type { Statistics } from '../../../src/api/messages.ts';
import { element } from './elements.ts';
import { LatencyPlot } from './latency-plot.ts';

const IDS = ['fps', 'latency', 'round-trip', 'bitrate', 'way-back', 'picture', 'outcomes', 'drops'] as const;

/** The list of live figures and the latency plot. */
export class Figures {
  readonly #plot = new LatencyPlot(element('plot', HTMLCanvasElement));

  show(figures: Statistics): void {
    const drops = Object.entries(figures.drops).filter(([, count]) => count > 0);
    set('fps', `${figures.fpsIn.toFixed(0)} / ${figures.fpsOut.toFixed(0)}`);
    set('latency', `${figures.latencyP50.toFixed(0)} / ${figures.latencyP99.toFixed(0)} ms`);
    set('round-trip', figures.roundTrip === null ? '–' : `${figures.roundTrip.toFixed(0)} ms`);
    set('bitrate', `${megabits(figures.bitrateIn)} / ${megabits(figures.bitrateOut)} Mb/s`);
    set('way-back', wayBack(figures));
    set('picture', picture(figures));
    set('outcomes', outcomes(figures));
    set(
      'drops',
      drops.length === 0 ? 'none' : drops.map(([why, count]) => `${count} ${why.replace(':', ' ')}`).join(', '),
    );
    this.#plot.push(figures.latencyP50, figures.latencyP99);
  }

  /** The call does not run: what was true of it is no longer shown, and the plot has a gap. */
  pause(): void {
    for (const id of IDS) set(id, '–');
    this.#plot.pause();
  }
}

function set(id: (typeof IDS)[number], text: string): void {
  element(id, HTMLElement).textContent = text;
}

/** What the way back carries, loses, and the delay that is added for it. */
function wayBack({ estimate, lossOut, playoutDelay }: Statistics): string {
  if (estimate === null) return '–';
  const delay = playoutDelay > 0 ? `, held ${playoutDelay.toFixed(0)} ms` : '';
  return `${megabits(estimate)} Mb/s, ${(lossOut * 100).toFixed(1)} % lost${delay}`;
}

/** The size that is worked on, and the one that is sent where the way carries less. */
function picture({ width, height, sentWidth, sentHeight, frameRateLimit, codec }: Statistics): string {
  const sent = sentWidth > 0 && sentWidth !== width ? ` → ${sentWidth} × ${sentHeight}` : '';
  const rate = frameRateLimit === null ? '' : ` at ${frameRateLimit.toFixed(0)} fps`;
  return `${width} × ${height}${sent}${rate}, ${codec.toUpperCase()}`;
}

/** What the frames of the last second showed, and how far the session is degraded. */
function outcomes({ swapped, reused, hidden, level }: Statistics): string {
  return `${swapped} / ${reused} / ${hidden}${level > 0 ? `, level ${level}` : ''}`;
}

function megabits(bitsPerSecond: number): string {
  return (bitsPerSecond / 1e6).toFixed(1);
}
