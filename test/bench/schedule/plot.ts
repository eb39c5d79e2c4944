import type { CaseScore } from './schedule-bench.ts';

const WIDTH = 300;
const HEIGHT = 170;
const LEFT = 44;
const TOP = 34;
const COLOURS: Readonly<Record<string, string>> = {
  guise: '#c1121f',
  nexus: '#1d4e89',
  symphony: '#5b8e7d',
  underServed: '#bc6c25',
  eagerEdf: '#7b5ea7',
  triton: '#6c757d',
  nvstreammux: '#adb5bd',
  fifo: '#ced4da',
};

/** Rows of the picture: a figure of every policy over the load, one panel a profile. */
const ROWS: readonly { readonly title: string; readonly of: (score: { goodput: number; worst: number }) => number }[] =
  [
    { title: 'goodput ÷ optimum', of: ({ goodput }) => goodput },
    { title: 'worst stream ÷ mean', of: ({ worst }) => worst },
  ];

/** The plain cases without noise as an SVG. */
export function plot(cases: readonly CaseScore[]): string {
  const plain = cases.filter(({ kind, noise }) => kind === 'plain' && !noise);
  const profiles = [...new Set(plain.map(({ profile }) => profile))];
  const width = profiles.length * (WIDTH + LEFT) + 20;
  const height = ROWS.length * (HEIGHT + TOP + 26) + 40;
  const panels = ROWS.flatMap(({ title, of }, row) =>
    profiles.map((profile, column) => {
      const of_ = plain.filter((one) => one.profile === profile);
      return panel(of_, {
        title: `${profile}: ${title}`,
        of,
        x: LEFT + column * (WIDTH + LEFT),
        y: TOP + row * (HEIGHT + TOP + 26),
      });
    }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels,
    legend(height - 16),
    '</svg>\n',
  ].join('\n');
}

interface Panel {
  readonly title: string;
  readonly of: (score: { goodput: number; worst: number }) => number;
  readonly x: number;
  readonly y: number;
}

function panel(cases: readonly CaseScore[], { title, of, x, y }: Panel): string {
  const loads = cases.map(({ load }) => load);
  const [least, most] = [Math.min(...loads), Math.max(...loads)];
  const at = (load: number): string => (x + ((load - least) / (most - least)) * WIDTH).toFixed(1);
  const height = (value: number): string => (y + (1 - Math.min(1, Math.max(0, value))) * HEIGHT).toFixed(1);
  const line = (name: string, values: readonly number[]): string => {
    const points = values.map((value, i) => `${at(loads[i]!)},${height(value)}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${COLOURS[name]}" stroke-width="${name === 'guise' ? 2.6 : 1.3}"/>`;
  };
  const names = Object.keys(COLOURS).filter((name) => name !== 'guise');
  return [
    `<text x="${x}" y="${y - 10}" font-weight="bold">${title}</text>`,
    ...[0, 0.25, 0.5, 0.75, 1].map(
      (tick) =>
        `<path d="M${x} ${height(tick)}h${WIDTH}" stroke="#e5e5e5"/><text x="${x - 6}" y="${height(tick)}" dy="4" text-anchor="end">${tick}</text>`,
    ),
    ...loads.map((load) => `<text x="${at(load)}" y="${y + HEIGHT + 14}" text-anchor="middle">${load}</text>`),
    ...names.reverse().map((name) =>
      line(
        name,
        cases.map(({ baselines }) => of(baselines[name]!)),
      ),
    ),
    line('guise', cases.map(of)),
  ].join('\n');
}

function legend(y: number): string {
  return Object.entries(COLOURS)
    .map(
      ([name, colour], i) =>
        `<path d="M${LEFT + i * 120} ${y - 4}h22" stroke="${colour}" stroke-width="3"/><text x="${LEFT + 28 + i * 120}" y="${y}">${name}</text>`,
    )
    .join('\n');
}
