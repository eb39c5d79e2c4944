/** Settings from file, environment and command line, checked. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { configSchema, type Config } from './config.ts';
import { ENVIRONMENT } from './environment.ts';
import { licenceMistakes, withModels } from './recipes.ts';
import { PROJECT_ROOT } from '../entry.ts';
import { GatewayError } from '../errors.ts';

/** A setting from outside file and environment, e.g. the command line: path and value. */
export type Override = readonly [path: readonly string[], value: unknown];

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Win over the environment. */
  readonly overrides?: readonly Override[];
  /** Settings file when GUISE_CONFIG names none; may be missing. Default config/guise.json of the project. */
  readonly file?: string;
}

/**
 * Settings from a JSON file, over it the environment, over it the overrides.
 * @throws GatewayError config_invalid with every mistake by its path
 */
export function loadConfig(sources: ConfigSources): Config {
  const mistakes: string[] = [];
  const given = readSettings(sources, mistakes);
  const setBy = new Map<string, string>();
  for (const [name, { path, parse }] of Object.entries(ENVIRONMENT)) {
    const text = sources.env[name];
    if (text === undefined || text === '') continue;
    put(given, path, parse(text));
    setBy.set(path.join('.'), name);
  }
  for (const [path, value] of sources.overrides ?? []) put(given, path, value);

  const checked = configSchema.safeParse(withModels(given));
  if (!checked.success) mistakes.push(...checked.error.issues.map((issue) => describe(issue, setBy)));
  else mistakes.push(...licenceMistakes(checked.data));
  if (mistakes.length > 0 || !checked.success) {
    throw new GatewayError('config_invalid', `settings must be valid:\n${mistakes.map((m) => `  - ${m}`).join('\n')}`);
  }
  return checked.data;
}

function readSettings(sources: ConfigSources, mistakes: string[]): Record<string, unknown> {
  const named = sources.env['GUISE_CONFIG'];
  const file = named ?? sources.file ?? join(PROJECT_ROOT, 'config', 'guise.json');
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isRecord(value)) return value;
    mistakes.push(`${file}: must hold a JSON object`);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (named !== undefined || !missing) mistakes.push(`${file}: ${String(error)}`);
  }
  return {};
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = (target[key] ??= {});
  // A wrong value from the file stays, so that its mistake is named too.
  if (isRecord(inner)) put(inner, rest, value);
}

function describe(issue: z.core.$ZodIssue, setBy: ReadonlyMap<string, string>): string {
  const path = issue.path.join('.');
  const variable = [...setBy].find(([setting]) => path === setting || path.startsWith(`${setting}.`))?.[1];
  const where = path === '' ? 'settings' : path;
  return `${where}${variable === undefined ? '' : ` (${variable})`}: ${issue.message}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
