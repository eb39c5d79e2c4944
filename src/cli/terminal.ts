/** Where a command writes: results to `out`, all else to `err`. */
export interface Terminal {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

/** Says something that is not a result, as a line of its own. */
export function note(terminal: Terminal, text: string): void {
  terminal.err.write(`${text}\n`);
}
