import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web-client/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', 'test/long/**'],
    globalSetup: ['test/build-first.ts'],
    // Real codecs and processes on two cores: the bound is against a hang, not a speed check.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
