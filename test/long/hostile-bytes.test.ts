import { describe } from 'vitest';
import { ALL_KINDS } from '../fuzz/kinds/all.ts';
import { holdAgainstHostile } from '../fuzz/parsers.ts';

describe('100,000 hostile inputs are read or refused as promised by the reader of', () => {
  holdAgainstHostile(ALL_KINDS, { count: 100_000, report: true });
});
