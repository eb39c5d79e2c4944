/** Seconds shown. */
const SPAN = 60;
/** Budget of a frame, milliseconds: the line that should not be crossed. */
const BUDGET = 66;

/** Added latency by second: p50 as a line, p99 as a paler one, the budget dashed. */
export class LatencyPlot {
  readonly #canvas: HTMLCanvasElement;
  readonly #p50: number[] = [];
  readonly #p99: number[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#draw();
  }

  /** A gap where nothing was measured; several in a row are one. */
  pause(): void {
    if (Number.isFinite(this.#p50.at(-1))) this.push(NaN, NaN);
  }

  /** One second's figures, milliseconds. */
  push(p50: number, p99: number): void {
    for (const [series, value] of [
      [this.#p50, p50],
      [this.#p99, p99],
    ] as const) {
      series.push(value);
      if (series.length > SPAN) series.shift();
    }
    this.#draw();
  }

  #draw(): void {
    const width = this.#canvas.clientWidth || 720;
    const height = this.#canvas.clientHeight || 140;
    this.#canvas.width = width * devicePixelRatio;
    this.#canvas.height = height * devicePixelRatio;
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    const style = getComputedStyle(this.#canvas);
    const top = Math.max(100, ...this.#p99.filter(Number.isFinite));
    const y = (value: number): number => height - 6 - (value / top) * (height - 22);
    context.scale(devicePixelRatio, devicePixelRatio);
    context.font = `12px ${style.fontFamily}`;
    context.fillStyle = style.color;
    context.strokeStyle = style.color;
    context.globalAlpha = 0.5;
    context.setLineDash([4, 4]);
    line(context, [0, width], [y(BUDGET), y(BUDGET)]);
    context.setLineDash([]);
    context.fillText(`${BUDGET} ms`, 4, y(BUDGET) - 4);
    context.globalAlpha = 1;
    const accent = style.getPropertyValue('--accent');
    for (const [series, alpha] of [
      [this.#p99, 0.4],
      [this.#p50, 1],
    ] as const) {
      context.globalAlpha = alpha;
      context.strokeStyle = accent;
      context.lineWidth = 2;
      line(
        context,
        series.map((_, index) => (index * width) / (SPAN - 1)),
        series.map(y),
      );
    }
    context.globalAlpha = 1;
  }
}

function line(context: CanvasRenderingContext2D, xs: readonly number[], ys: readonly number[]): void {
  context.beginPath();
  let broken = true;
  xs.forEach((x, index) => {
    const y = ys[index] ?? NaN;
    if (broken) context.moveTo(x, y);
    else context.lineTo(x, y);
    broken = Number.isNaN(y);
  });
  context.stroke();
}
