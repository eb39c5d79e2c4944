import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { printCost, type CostCommand } from './cli/cost.ts';
import { printLandmarks } from './cli/landmarks.ts';
import { printToken, type TokenCommand } from './cli/token.ts';
import { addModels, configuredModels, fetchModel, listModels, removeModel, verifyModels } from './cli/models.ts';
import { listMasks } from './cli/masks.ts';
import { swapFile, type SwapCommand } from './cli/swap/command.ts';
import { LOOK_FIELDS, readLook } from './cli/swap/look.ts';
import type { Terminal } from './cli/terminal.ts';
import { PROJECT_ROOT } from './entry.ts';
import { GatewayError } from './errors.ts';
import { exposurePolicySchema, sessionSettingsSchema } from './session/settings.ts';
import { providerSchema } from './worker/wire/gpu-protocol.ts';

/** Exit codes: all went well, the world did not play along, the command was not understood, interrupted. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs `guise ARGUMENTS`. What goes wrong is one line on `err`, `error [code] message`.
 * @param signal ends a long run early
 * @returns the exit code
 */
export async function runCli(
  args: readonly string[],
  terminal: Terminal = { out: process.stdout, err: process.stderr },
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  try {
    await commands(terminal, signal).parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (signal.aborted) return EXIT.interrupted;
    const code = error instanceof GatewayError ? error.code : 'internal';
    const message = error instanceof Error ? error.message : String(error);
    terminal.err.write(`error [${code}] ${message}\n`);
    return EXIT.failed;
  }
}

function commands(terminal: Terminal, signal: AbortSignal): Command {
  const guise = new Command('guise')
    .description('Swap faces in pictures and video files with the engine of the Guise gateway.')
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out.write(text),
      writeErr: (text) => terminal.err.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'error [usage] ')),
    });
  addSwap(guise, terminal, signal);
  guise
    .command('landmarks')
    .description('print the 478 landmarks of each face in a picture')
    .argument('<image>', 'JPEG, PNG, WebP or GIF')
    .option('--json', '{"faces":[{"score","landmarks":[[x,y,z], …]}]}, in pixels of the upright picture')
    .action((image: string, { json }: { json?: true }) => printLandmarks(image, json ?? false, terminal));
  guise
    .command('masks')
    .description('list the painted masks')
    .option('--out <folder>', 'write a picture of each there')
    .action(({ out }: { out?: string }) => listMasks(out, terminal));
  addCost(guise, terminal);
  addModelCommands(guise, terminal, signal);
  guise
    .command('token')
    .description('sign a token with the secret of the configuration (docs/access.md)')
    .requiredOption('--grant <what...>', 'publish, view, control')
    .option('--room <name>', 'the session that is published into, watched and changed')
    .option('--for <name>', 'whom it is made for')
    .option('--identity <who>', 'mask:NAME or the id of an uploaded photo, worn whatever the caller asks for')
    .option('--policy <name...>', 'exposure policies that may be chosen')
    .option('--maximum-side <pixels>', 'longest side of a picture', checked(sessionSettingsSchema.shape.maximumSide))
    .option('--expires <seconds>', 'how long it is good for', checked(z.int().min(1)), 3600)
    .action((options: TokenCommand) => printToken(options, terminal));
  return guise;
}

function addCost(guise: Command, terminal: Terminal): void {
  const amount = checked(z.number().positive());
  guise
    .command('cost')
    .description('what a stream costs on a GPU (docs/gpu.md)')
    .option('--price <amount>', 'of one GPU for an hour; else gpu.hourlyPrice of the configuration', amount)
    .option('--streams-per-gpu <number>', 'streams that one GPU was seen to carry', checked(z.int().min(1)))
    .option('--faces-per-second <number>', 'faces that one GPU was measured to swap', amount)
    .option('--gateway <url>', 'ask this running gateway what its GPUs were measured to do')
    .option('--recipe <name>', 'of its recipes; else the first')
    .option('--frame-rate <number>', 'frames a second of a stream', amount, 30)
    .option('--faces <number>', 'faces in each frame', checked(z.int().min(1)), 1)
    .option('--taken <share>', 'share of the places that are taken on average', checked(z.number().gt(0).max(1)), 1)
    .option('--json', '{"streamsPerGpu","perStreamHour","perStreamMonth"}')
    .action((options: CostCommand) => printCost(options, terminal));
}

function addModelCommands(guise: Command, terminal: Terminal, signal: AbortSignal): void {
  const models = guise
    .command('models')
    .description('the ONNX files of swap networks and what belongs to them (docs/models.md)');
  models
    .command('list')
    .description('every published model, whether it is there, and its licence')
    .option('--json', '{"folder","models":[{"name","kind","licence","file", …}]}')
    .action(({ json }: { json?: true }) => listModels(configuredModels(), json ?? false, terminal));
  models
    .command('add')
    .description('put ONNX files into the folder of models')
    .argument('<file...>', 'known by its digest, else by its name, else by its graph')
    .option('--as <name>', 'the model that it is')
    .action((files: string[], { as }: { as?: string }) => addModels(configuredModels(), { files, as }, terminal));
  models
    .command('verify')
    .description('check digest and graph of the files that are there')
    .action(() => verifyModels(configuredModels(), terminal));
  models
    .command('remove')
    .description('delete the file of a model')
    .argument('<name>', 'as listed')
    .action((name: string) => removeModel(configuredModels(), name, terminal));
  models
    .command('fetch')
    .description('download a model; a download that was ended is gone on with')
    .argument('<name>', 'as listed')
    .option('--accept-licence', 'you have read its licence and accept it')
    .action((name: string, { acceptLicence }: { acceptLicence?: true }) =>
      fetchModel(configuredModels(), { name, acceptLicence: acceptLicence ?? false, signal }, terminal),
    );
}

function addSwap(guise: Command, terminal: Terminal, signal: AbortSignal): void {
  const { faces, opacity } = sessionSettingsSchema.shape;
  guise
    .command('swap')
    .description('swap the faces of a picture or video file; the sound of a video is kept')
    .argument('<in>', 'picture (JPEG, PNG, WebP, GIF) or video file')
    .requiredOption(
      '--identity <who>',
      'mask:NAME (see "guise masks"), or a photo; several of one person, or a folder of them, give a better likeness',
      (who: string, others?: readonly string[]) => [...(others ?? []), who],
    )
    .requiredOption('--out <file>', 'picture: .png, .jpg; video: .mp4, .mov, .mkv, .webm, or what ffmpeg knows')
    .option('--subject <name>', 'with a photo: who is in it')
    .option('--granted-by <name>', 'with a photo: who states that this person agreed')
    .option('--model <name>', 'swap by this network of the folder of models (see "guise models") instead of the mesh')
    .option('--recipe <name>', 'swap by this recipe of the configuration')
    .option(
      '--provider <name>',
      'what runs the network: cpu, cuda, tensorrt or webgpu; else as configured, else cuda',
      provider,
    )
    .option(
      '--resume',
      'keep what the network swapped until the file is made, and begin with what a run before has kept',
    )
    .option('--workers <number>', 'GPU workers on each GPU', checked(z.int().min(1).max(16)))
    .option('--faces <number>', 'how many faces are swapped, 0–8; all others are hidden', checked(faces), 1)
    .option('--opacity <share>', 'strength of the identity, 0–1', checked(opacity), 1)
    .option('--policy <name>', 'never, when-no-face or always (docs/privacy.md)', policy, 'never')
    .option('--no-label', 'leave the "AI MODIFIED" mark out, where the configuration allows it')
    .option('--no-eyes', "draw the identity's eyes instead of keeping the person's own")
    .option('--no-mouth', "draw the inside of the identity's mouth instead of keeping the person's own")
    .option(
      '--look <field=value>',
      `how faces look: ${LOOK_FIELDS.join(', ')} (docs/protocol.md); again for more`,
      readLook,
      {},
    )
    .action((input: string, options: Omit<SwapCommand, 'input'>) => swapFile({ ...options, input }, terminal, signal));
}

/** A number as the settings of a session take it. */
function checked(schema: z.ZodType<number>): (text: string) => number {
  return (text) => {
    const read = schema.safeParse(text.trim() === '' ? Number.NaN : Number(text));
    if (read.success) return read.data;
    throw new InvalidArgumentError(read.error.issues.map(({ message }) => message).join('; '));
  };
}

function provider(text: string): string {
  if (providerSchema.safeParse(text).success) return text;
  throw new InvalidArgumentError(`must be ${providerSchema.options.join(', ')}`);
}

function policy(text: string): string {
  if (exposurePolicySchema.safeParse(text).success) return text;
  throw new InvalidArgumentError(`must be ${exposurePolicySchema.options.join(', ')}`);
}

function version(): string {
  const described: unknown = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(described).version;
}
