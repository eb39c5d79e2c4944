import { blackout, buffer, cap, fair, loss, rebind, uplink, type RowResult } from './rows.ts';
import type { StageOptions } from './stage.ts';

/** The rows by name; `cap` gives `lift` too. */
const ROWS: Record<string, (options: StageOptions) => Promise<RowResult[]>> = {
  loss10: (options) => loss(options, 10),
  loss2: (options) => loss(options, 2),
  cap,
  blackout,
  rebind,
  // Two calls: by default smaller ones, so that processors are not what is measured.
  fair: (options) => fair({ ...options, width: options.width / 2, height: options.height / 2 }),
  uplink,
  buffer,
};

/** The JSON of `bench network`. */
export interface NetworkFigures {
  readonly transport: string;
  readonly echo: boolean;
  readonly rows: readonly RowResult[];
}

/**
 * Calls of a real Chromium through a relay that spoils the way, judged by Chromium's own statistics and by what the
 * relay saw. @param only the rows to run, all if it is empty
 */
export async function benchNetwork(options: StageOptions, only: readonly string[]): Promise<NetworkFigures> {
  const names = only.length > 0 ? only.map((name) => (name === 'lift' ? 'cap' : name)) : Object.keys(ROWS);
  const results: RowResult[] = [];
  for (const name of names) {
    const row = ROWS[name];
    if (!row) throw new TypeError(`--row must be one of ${Object.keys(ROWS).join(', ')} [row:${name}]`);
    for (const result of await row(options)) {
      console.error(
        `${result.reached ? 'reached    ' : 'NOT reached'} ${result.row}: ${result.reach}`,
        result.figures,
        result.drops ?? {},
      );
      results.push(result);
    }
  }
  return { transport: options.transport, echo: options.echo, rows: results };
}
