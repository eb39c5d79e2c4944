import { GatewayError } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import { runProgram } from './run-program.ts';

/** It takes some 50 ms, and seconds while the driver is not kept loaded. */
const ANSWER_LIMIT: Milli = 10_000;
const MIB = 2 ** 20;

/** Why a GPU runs slower than it could: `nvmlClocksEventReasons` of nvml.h. Idleness and chosen clocks are no reasons. */
const THROTTLE_REASONS = {
  power: 0x4 | 0x80,
  thermal: 0x20 | 0x40,
  hardware: 0x8,
} as const;
export type ThrottleReason = keyof typeof THROTTLE_REASONS;

/** One GPU now. What the driver does not tell is null. */
export interface GpuCardFigures {
  /** As nvidia-smi counts, by PCI bus. */
  readonly index: number;
  readonly uuid: string;
  /** Where it is, e.g. `00000000:3B:00.0`. */
  readonly busId: string;
  readonly name: string;
  /** Bytes. */
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
  /** Percent of the last moments in which some kernel ran. */
  readonly utilisation: number | null;
  /** Degrees Celsius. */
  readonly temperature: number | null;
  readonly throttled: readonly ThrottleReason[];
}

/** The GPUs of this machine; if there are none, why. */
export interface GpuCards {
  readonly cards: readonly GpuCardFigures[];
  readonly reason?: string;
}

/** In the order in which they are asked for. */
const FIELDS = [
  'index',
  'uuid',
  'pci.bus_id',
  'name',
  'memory.used',
  'memory.total',
  'utilization.gpu',
  'temperature.gpu',
];
const THROTTLE_FIELD = 'clocks_throttle_reasons.active';

/** Asks nvidia-smi. Never rejects: a machine without it has no NVIDIA GPU, and the reason says so. */
export async function readGpuCards({ program = 'nvidia-smi' }: { readonly program?: string } = {}): Promise<GpuCards> {
  const fields = [...FIELDS, THROTTLE_FIELD];
  const parameters = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'];
  const result = await runProgram(program, { parameters, limit: ANSWER_LIMIT });
  if (result.end === 'absent') return { cards: [], reason: 'nvidia-smi is not installed' };
  if (result.end === 'too-slow') return { cards: [], reason: 'nvidia-smi does not answer' };
  const said = result.said.trim();
  if (result.code !== 0) return { cards: [], reason: `nvidia-smi failed: ${said.slice(0, 300)}` };
  try {
    return { cards: parseGpuCards(said) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { cards: [], reason: error.message };
  }
}

/**
 * Reads what nvidia-smi says, a line a GPU.
 * @throws GatewayError message_invalid
 */
export function parseGpuCards(text: string): GpuCardFigures[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [index, uuid, busId, name, used, total, utilisation, temperature, reasons, more] = line
      .split(',')
      .map((cell) => cell.trim());
    if (
      index === undefined ||
      !/^\d+$/.test(index) ||
      !uuid ||
      !busId ||
      !name ||
      reasons === undefined ||
      more !== undefined
    ) {
      throw new GatewayError('message_invalid', `nvidia-smi must say what it was asked [line:${line.slice(0, 200)}]`);
    }
    return {
      index: Number(index),
      uuid,
      busId,
      name,
      memoryUsed: mebibytes(used),
      memoryTotal: mebibytes(total),
      utilisation: number(utilisation),
      temperature: number(temperature),
      throttled: throttled(reasons),
    };
  });
}

/** `[N/A]` and `[Not Supported]` are no numbers. */
function number(cell: string | undefined): number | null {
  return cell !== undefined && /^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : null;
}

function mebibytes(cell: string | undefined): number | null {
  const value = number(cell);
  return value === null ? null : value * MIB;
}

function throttled(mask: string): ThrottleReason[] {
  if (!/^0x[0-9a-f]+$/i.test(mask)) return [];
  const bits = BigInt(mask);
  return (Object.keys(THROTTLE_REASONS) as ThrottleReason[]).filter(
    (reason) => (bits & BigInt(THROTTLE_REASONS[reason])) !== 0n,
  );
}
