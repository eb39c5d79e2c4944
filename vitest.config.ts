import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** Rates and delays that the browser alone would reach: nothing may run beside them. */
const ALONE = ['test/browser/alone/*.test.ts'];

/** Calls that take a quarter of two cores, a browser and a session without swap or waiting, and some that take more. */
const LIGHT = [
  'test/browser/{echo,impaired,negotiation,page,parity,received-codecs,sent-codecs,sizes}.test.ts',
  'test/browser/reach/*.test.ts',
  'test/call/{first-call,lasting}.test.ts',
  'test/start/**/*.test.ts',
];

/** Whole calls: gateway, browser and load client want more than a core, so these files run one at a time. */
const CALLS = ['test/browser/**/*.test.ts', 'test/clients/**/*.test.ts', 'test/call/**/*.test.ts'];

/** Tests that leave nothing behind in their process: files may share one, which spares them its start. */
const PURE = [
  'src/{codec,config,face,media,models,onnx,rtp,schedule,session,swap}/**/*.test.ts',
  'test/{link,media}/**/*.test.ts',
  'web-client/**/*.test.ts',
];

/** Some calculate, some wait for children and networks: one more than two cores. */
const ROOMS_AT_ONCE = 3;

const ELSEWHERE = ['**/node_modules/**', 'dist/**', 'test/long/**'];

interface Part {
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  readonly maxWorkers?: number;
  readonly isolate?: boolean;
  /** Parts follow each other where nothing else is said (scripts/test.mjs). */
  readonly order: number;
}

const part = (name: string, { include, exclude = [], maxWorkers = 1, isolate = true, order }: Part) => ({
  extends: true as const,
  test: {
    name,
    include: [...include],
    exclude: [...ELSEWHERE, ...exclude],
    maxWorkers,
    isolate,
    sequence: { groupOrder: order },
  },
});

export default defineConfig({
  test: {
    globalSetup: ['test/build-first.ts'],
    pool: 'forks',
    // Real codecs, browsers and processes on two cores: the bounds are against a hang, not a speed check.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      part('rooms', {
        include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
        exclude: [...PURE, ...CALLS, ...LIGHT],
        maxWorkers: ROOMS_AT_ONCE,
        order: 0,
      }),
      part('pure', { include: PURE, isolate: false, maxWorkers: ROOMS_AT_ONCE, order: 0 }),
      part('calls', { include: CALLS, exclude: [...LIGHT, ...ALONE], order: 1 }),
      part('light', { include: LIGHT, order: 2 }),
      part('alone', { include: ALONE, order: 3 }),
    ],
  },
});
