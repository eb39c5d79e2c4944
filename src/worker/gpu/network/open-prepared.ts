import { GatewayError } from '../../../errors.ts';
import type { Rewritten } from '../../../onnx/prepare/prepare-graph.ts';
import type { Rewrite } from '../../../onnx/prepare/rewrites.ts';
import type { Provider } from '../../wire/gpu-protocol.ts';
import { differenceOf, type Difference } from './agreement.ts';
import { sizeOf, type NetworkFile } from './onnx-network.ts';
import { plainFile, Preparation, type Candidate, type Preparable } from './preparation.ts';

/**
 * How far a prepared file may be from the plain one, in steps of 8 bits. One whose batch is mixed up, or whose ends are, is off by tens; half
 * precision, and what devices use for float32, round each of dozens of layers in another way.
 */
const EXACT: Difference = { most: 2, mean: 0.5 };
const ROUNDED: Difference = { most: 24, mean: 1.5 };

/** A network whose file is one that can be prepared. */
interface FromFile {
  /** How its file was prepared, or why it is run as it is. */
  preparation: string;
  close(): Promise<void>;
}

/** A file that is to be opened, prepared if it can be. */
export interface Opening<Network extends FromFile> extends Preparable {
  /** What is tried; none: it is run as it is. */
  readonly rewrites: readonly Rewrite[];
  /**
   * @param options `alone`: it will run crop by crop only
   * @throws GatewayError model_unsupported, provider_unavailable, capacity_full, device_lost
   */
  open(file: NetworkFile, options: { readonly alone: boolean }): Promise<Network>;
  /** What it gives of a sample of several crops, each by itself, and together. */
  singly(network: Network): Promise<Uint8Array>;
  together(network: Network): Promise<Uint8Array>;
}

/** Where a network is to run, and where prepared files are kept. */
interface Where {
  readonly provider: Provider;
  readonly folder: string;
}

/**
 * Opens a network from its prepared file, which is made if it is not there, or from the plain one.
 * @throws GatewayError as `open`
 */
export async function openPrepared<Network extends FromFile>(
  opening: Opening<Network>,
  where: Where,
): Promise<Network> {
  if (opening.rewrites.length === 0) return opening.open(plainFile(opening, 'it was asked for so'), { alone: false });
  await sizeOf(opening.file);
  const preparation = await Preparation.of(opening, where);
  const kept = await preparation.kept();
  if (kept === undefined) return prepare(opening, preparation, where);
  try {
    return await opening.open(kept, { alone: false });
  } catch (error) {
    if (kept.path === opening.file) throw error;
    return opening.open(plainFile(opening, reasonOf(error)), { alone: false });
  }
}

/** What the plain file makes of each crop by itself. */
async function plainly<Network extends FromFile>(opening: Opening<Network>) {
  const plain = await opening.open(plainFile(opening, 'to be compared'), { alone: true });
  try {
    return await opening.singly(plain);
  } finally {
    await plain.close();
  }
}

/** Tries to prepare a file in all ways, else in fewer, and takes what gives the same as the plain one. */
async function prepare<Network extends FromFile>(
  opening: Opening<Network>,
  preparation: Preparation,
  { provider }: Where,
): Promise<Network> {
  const { rewrites } = opening;
  const expected = await plainly(opening);
  await preparation.begin();
  const reasons: string[] = [];
  for (const without of [undefined, 'half', 'batch', 'bytes'] as const) {
    if (without !== undefined && !rewrites.includes(without)) continue;
    try {
      const candidate = await preparation.make(rewrites.filter((name) => name !== without));
      if (candidate === undefined) continue;
      return await proved(opening, { preparation, candidate, provider, expected, declined: reasons });
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  const reason = [...new Set(reasons)].join('; ') || 'nothing in it could be made faster';
  await preparation.refuse(reason);
  return opening.open(plainFile(opening, reason), { alone: false });
}

interface Proof {
  readonly preparation: Preparation;
  readonly candidate: Candidate;
  readonly provider: Provider;
  readonly expected: Uint8Array;
  /** Why it was not prepared in more ways. */
  readonly declined: readonly string[];
}

/**
 * Opens a candidate and keeps it, if it gives what was expected.
 * @throws GatewayError model_unsupported with how far it is from that, and as `open`
 */
async function proved<Network extends FromFile>(
  opening: Opening<Network>,
  { preparation, candidate, provider, expected, declined }: Proof,
): Promise<Network> {
  const told = `prepared: ${toldOf(candidate.done)}`;
  let network: Network | undefined;
  try {
    network = await opening.open({ ...candidate, preparation: told }, { alone: false });
    const { most, mean } = differenceOf(await opening.together(network), expected);
    const allowed = provider === 'cpu' && !candidate.halves ? EXACT : ROUNDED;
    if (most > allowed.most || mean > allowed.mean) {
      const message = `${told}, it must give what the file gives [most:${most}/255] [mean:${mean.toFixed(3)}/255]`;
      throw new GatewayError('model_unsupported', message);
    }
    const instead = declined.length > 0 ? `, instead of: ${declined.join('; ')}` : '';
    network.preparation = `${told} [most:${most}/255] [mean:${mean.toFixed(3)}/255]${instead}`;
    await preparation.keep(candidate, network.preparation);
    return network;
  } catch (error) {
    await network?.close();
    await preparation.drop(candidate);
    throw error;
  }
}

function toldOf(done: Rewritten): string {
  return Object.entries(done)
    .map(([name, times]) => (times > 1 ? `${name} ${times}` : name))
    .join(', ');
}

/** Why a prepared file is not taken. @throws what is no fault of the file */
function reasonOf(error: unknown): string {
  if (error instanceof GatewayError && ['device_lost', 'capacity_full'].includes(error.code)) throw error;
  return error instanceof Error ? error.message : String(error);
}
