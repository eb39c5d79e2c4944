import { describe } from 'vitest';
import { ALL_KINDS } from './kinds/all.ts';
import { holdAgainstHostile } from './parsers.ts';

// 100,000 of each kind: test/long/hostile-bytes.test.ts.
describe('2,000 hostile inputs are read or refused as promised by the reader of', () => {
  holdAgainstHostile(ALL_KINDS, { count: 2000 });
});
