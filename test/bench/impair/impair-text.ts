import type { Step } from '../../relay/relay.ts';
import type { Milli } from '../../../src/time.ts';

/** Numbers that `--impair` takes: what each may be, and in which unit. */
const NUMBERS: Record<string, { readonly least: number; readonly most: number; readonly unit: string }> = {
  at: { least: 0, most: 3600, unit: 's' },
  loss: { least: 0, most: 100, unit: '%' },
  burst: { least: 1, most: 1000, unit: 'packets' },
  delay: { least: 0, most: 10_000, unit: 'ms' },
  jitter: { least: 0, most: 10_000, unit: 'ms' },
  rate: { least: 10, most: 10_000_000, unit: 'kbit/s' },
  queue: { least: 1, most: 60_000, unit: 'ms' },
  dup: { least: 0, most: 100, unit: '%' },
  reorder: { least: 0, most: 100, unit: '%' },
  blackout: { least: 0, most: 3600, unit: 's' },
};

/** What `--impair` asks for; only the keys that were named. */
export interface ImpairText {
  readonly numbers: Readonly<Record<string, number>>;
  readonly rebind: boolean;
}

/**
 * Reads `at=5,loss=10,delay=50,jitter=20,burst=4,rate=1000,queue=500,dup=1,reorder=2,blackout=3,rebind`, each part
 * optional.
 * @throws TypeError that names the part that is wrong
 */
export function readImpair(text: string): ImpairText {
  const numbers: Record<string, number> = {};
  let rebind = false;
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === 'rebind') {
      rebind = true;
      continue;
    }
    const [key = '', value = ''] = part.split('=');
    const range = Object.hasOwn(NUMBERS, key) ? NUMBERS[key] : undefined;
    if (!range) {
      const known = [...Object.keys(NUMBERS), 'rebind'].join(', ');
      throw new TypeError(`--impair must be made of ${known} [${key}:${value}]`);
    }
    if (key in numbers) throw new TypeError(`--impair must name each key once [${key}:${value}]`);
    const number = value.trim() === '' ? NaN : Number(value);
    if (!(number >= range.least && number <= range.most))
      throw new TypeError(`--impair ${key} must be ${range.least}–${range.most} ${range.unit} [${key}:${value}]`);
    numbers[key] = number;
  }
  return { numbers, rebind };
}

/** What the relay is to do, from the beginning of the measured time on. Rate and queue are the way back's. */
export function stepsOf({ numbers, rebind }: ImpairText): Step[] {
  const { at = 0, loss, burst, delay, jitter, rate, queue, dup, reorder, blackout } = numbers;
  const start: Milli = at * 1000;
  const both = defined({ loss, burst, delay, jitter, duplicate: dup, reorder });
  const steps: Step[] = [
    { at: start, up: both, down: { ...both, ...defined({ rate, queue }) }, ...(rebind && { rebind: true as const }) },
  ];
  if (blackout !== undefined) {
    steps.push({ at: start, up: { cut: true }, down: { cut: true } });
    steps.push({ at: start + blackout * 1000, up: { cut: false }, down: { cut: false } });
  }
  return steps;
}

function defined(fields: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
