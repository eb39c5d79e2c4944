import { defineConfig } from 'vitest/config';

/** Whole calls: gateway, browser and load client want both cores, so these files run one at a time, after all others. */
const CALLS = [
  'test/browser/**/*.test.ts',
  'test/clients/**/*.test.ts',
  'test/call/**/*.test.ts',
  'test/start/**/*.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: ['test/build-first.ts'],
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web-client/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'dist/**', 'test/long/**', ...CALLS],
          // Real codecs and processes on two cores: the bounds are against a hang, not a speed check.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'calls',
          include: CALLS,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
