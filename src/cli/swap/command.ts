import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { sniffPicture } from '../../codec/picture/sniff.ts';
import { loadConfig } from '../../config/load.ts';
import { GatewayError } from '../../errors.ts';
import { FaceModels } from '../../face/models.ts';
import type { Outcome } from '../../session/pixel.ts';
import { USUAL_LOOK, type ExposurePolicy, type SessionLook } from '../../session/settings.ts';
import { note, type Terminal } from '../terminal.ts';
import { FaceSwapper, type SwapSettings } from './face-swapper.ts';
import { judgeIdentity, loadIdentity, type IdentityChoice } from './identity.ts';
import { KeepingLane, KeptFaces } from './kept-faces.ts';
import { describeNetwork, judgeNetwork, Network, type NetworkChoice } from './network.ts';
import { OutputFile } from './output.ts';
import { isPictureEnding, pictureWriter, swapPicture } from './swap-picture.ts';
import { swapVideo } from './swap-video.ts';

/** What `guise swap` is told. */
export interface SwapCommand extends IdentityChoice, NetworkChoice {
  readonly input: string;
  readonly out: string;
  readonly faces: number;
  readonly opacity: number;
  readonly policy: ExposurePolicy;
  readonly label: boolean;
  readonly eyes: boolean;
  readonly mouth: boolean;
  /** Of the look what else is not usual. */
  readonly look: Partial<SessionLook>;
}

/**
 * Swaps the faces of a picture or video file; the last line on `terminal.out` says what came of it.
 * @throws GatewayError
 */
export async function swapFile(command: SwapCommand, terminal: Terminal, signal: AbortSignal): Promise<void> {
  judgePermissions(command);
  const picture = isPicture(command.input);
  const output = new OutputFile(command.out, command.input);
  if (picture) pictureWriter(command.out);
  const identity = judgeIdentity(command);
  const gpu = await judgeNetwork(command);
  if (gpu && identity.kind === 'mask') {
    throw new GatewayError('unsupported', 'a network takes a photo as identity; a painted mask needs none');
  }
  let models: FaceModels | undefined;
  let network: Network | undefined;
  const kept = command.resume && gpu && new KeptFaces(command.out);
  let done = false;
  const createSwapper = async () => {
    models = await FaceModels.open();
    if (gpu) note(terminal, `loading ${gpu.recipes[0]!.name} on ${gpu.provider} …`);
    network = gpu && (await Network.open(gpu));
    const recipes = network ? [network.recipe] : [];
    const worn = await loadIdentity(models, identity, { terminal, recipes });
    const lane = await network?.lane({ faces: command.faces, signal });
    if (kept?.count) note(terminal, `${kept.count} faces are there from a run before`);
    const way = lane && kept && gpu ? new KeepingLane(lane, { faces: kept, network: describeNetwork(gpu) }) : lane;
    return new FaceSwapper(models, worn, settingsOf(command), network && way && { recipe: network.recipe, lane: way });
  };
  try {
    const line = picture
      ? PICTURE_LINES[await swapPicture(command.input, output, createSwapper)]
      : await videoLine(command, output, createSwapper, { terminal, signal });
    done = true;
    terminal.out.write(`${command.out}: ${line}\n`);
  } finally {
    output.close();
    kept?.close({ done });
    await network?.close();
    await models?.close();
  }
}

function settingsOf({ policy, faces, opacity, eyes, mouth, label, look }: SwapCommand): SwapSettings {
  return { ...USUAL_LOOK, ...look, policy, faces, opacity, keepEyes: eyes, keepMouth: mouth, label };
}

const PICTURE_LINES: Record<Outcome, string> = {
  swapped: 'swapped',
  reused: 'swapped',
  hidden: 'hidden, no face to swap was found',
  clear: 'as it was',
};

async function videoLine(
  command: SwapCommand,
  output: OutputFile,
  createSwapper: () => Promise<FaceSwapper>,
  options: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<string> {
  const { tally, rate, width, height, sound } = await swapVideo(command.input, output, createSwapper, options);
  const size = `${width} × ${height}`;
  return `${tally.total} frames of ${size} at ${rate.toFixed(1)} fps: ${tally}; ${sound ? `sound ${sound}` : 'no sound'}`;
}

/** A file is made under the same rules as a call: what the operator has not allowed is not done. */
function judgePermissions({ policy, label }: SwapCommand): void {
  const { sessions } = loadConfig({ env: process.env });
  if (!sessions.policies.includes(policy)) {
    throw new GatewayError(
      'policy_not_allowed',
      `the exposure policy must be one that the configuration allows (sessions.policies) [policy:${policy}]`,
    );
  }
  if (!label && !sessions.labelOptional) {
    throw new GatewayError(
      'policy_not_allowed',
      'the "AI MODIFIED" mark stays unless the configuration lets it be turned off (sessions.labelOptional)',
    );
  }
}

/** @throws GatewayError file_unreadable */
function isPicture(path: string): boolean {
  if (!existsSync(path) || statSync(path).isDirectory()) {
    throw new GatewayError('file_unreadable', `the input must be a picture or video file [file:${path}]`);
  }
  const head = Buffer.alloc(64);
  const file = openSync(path, 'r');
  const length = readSync(file, head);
  closeSync(file);
  const known = sniffPicture(head.subarray(0, length)) !== undefined;
  return known || isPictureEnding(path);
}
