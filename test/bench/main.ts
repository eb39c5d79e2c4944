import { parseArgs } from 'node:util';
import { benchFace } from './face/face-bench.ts';
import { printTable } from './table.ts';

/** The benches by name: what each prints is said where it is defined. */
const BENCHES: Record<string, () => Promise<object>> = {
  face: benchFace,
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
  },
});

const bench = BENCHES[positionals[0] ?? ''];
if (!bench) {
  console.error(`name a bench: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
const figures = await bench();
if (options.json) console.log(JSON.stringify(figures));
else printTable(figures);
process.exit(0);
