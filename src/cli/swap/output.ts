import { accessSync, constants, existsSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { GatewayError } from '../../errors.ts';

/**
 * The file that a command makes. It is written beside its place under another name and moved there when it is whole, so
 * that a run that fails leaves nothing, and what was there before stays until then.
 */
export class OutputFile {
  readonly path: string;
  readonly #drafts: string[] = [];

  /**
   * Checks that the file can be written before any work is done.
   * @throws GatewayError file_unwritable
   */
  constructor(path: string, input: string) {
    this.path = resolve(path);
    const folder = dirname(this.path);
    if (!existsSync(folder) || !statSync(folder).isDirectory()) throw unwritable('its folder must exist', path);
    if (!allows(folder)) throw unwritable('its folder must allow writing', path);
    if (!existsSync(this.path)) return;
    if (statSync(this.path).isDirectory()) throw unwritable('it must not be a folder', path);
    if (!allows(this.path)) throw unwritable('the file of that name must allow writing', path);
    if (isSame(this.path, input)) throw unwritable('it must not be the input itself', path);
  }

  /** A name for a draft in the same folder; `ending` like `.mkv`, by default that of the file. */
  draft(ending = extname(this.path)): string {
    const name = `.${basename(this.path, extname(this.path))}.guise-${process.pid}-${this.#drafts.length}${ending}`;
    const draft = join(dirname(this.path), name);
    this.#drafts.push(draft);
    return draft;
  }

  /** Puts a finished draft in its place. */
  publish(draft: string): void {
    renameSync(draft, this.path);
  }

  /** Removes drafts that were not published. Idempotent. */
  close(): void {
    for (const draft of this.#drafts.splice(0)) rmSync(draft, { force: true });
  }
}

function allows(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isSame(path: string, input: string): boolean {
  if (!existsSync(input)) return false;
  const [a, b] = [statSync(path), statSync(input)];
  return realpathSync(path) === realpathSync(input) || (a.ino !== 0 && a.ino === b.ino && a.dev === b.dev);
}

function unwritable(what: string, path: string): GatewayError {
  return new GatewayError('file_unwritable', `the output cannot be written: ${what} [file:${path}]`);
}
