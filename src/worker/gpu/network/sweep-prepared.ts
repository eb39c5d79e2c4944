import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelCache } from '../../../onnx/model-cache.ts';
import { wallClock, type Milli } from '../../../time.ts';
import { DIGEST_NOTE, digestNoteSchema, type NotedDigests } from './noted-digests.ts';
import { keptSchema } from './preparation-note.ts';

/** Nobody takes longer from writing a file to noting it. */
const ABANDONED: Milli = 3_600_000;

/**
 * Deletes what nobody can use any more from a folder of prepared files: those whose source is gone or another file by now, and those that no
 * note speaks of, as a worker leaves that is put down while it writes. What cannot be deleted stays.
 */
export async function sweepPrepared(
  folder: string,
  { notes, digests }: { readonly notes: ModelCache; readonly digests: NotedDigests },
): Promise<void> {
  const names = await readdir(folder);
  const used = new Set<string>();
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const note = await notes.read(name);
    if (note === undefined) continue;
    const { file, stays } = await judge(name, JSON.parse(Buffer.from(note).toString('utf8')), digests);
    if (file !== undefined) used.add(file);
    if (stays) continue;
    await remove(folder, name);
    if (file !== undefined) await remove(folder, file);
  }
  for (const name of names) {
    if (name.endsWith('.json') || used.has(name)) continue;
    if (await isAbandoned(join(folder, name))) await remove(folder, name);
  }
}

/** The prepared file that a note speaks of, if it does of one, and whether what it was made of is still there. */
async function judge(
  name: string,
  note: unknown,
  digests: NotedDigests,
): Promise<{ readonly file?: string; readonly stays: boolean }> {
  if (name.startsWith(DIGEST_NOTE)) {
    const { data } = digestNoteSchema.safeParse(note);
    return { stays: data !== undefined && (await isThere(data.path)) };
  }
  const { data } = keptSchema.safeParse(note);
  if (data?.kind !== 'prepared') return { stays: data !== undefined };
  const digest = await digests.of(data.source).catch(() => undefined); // not to be read, which is as good as gone
  return { file: data.file, stays: digest !== undefined && name.startsWith(digest) };
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function isAbandoned(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined); // another worker has deleted it
  return found !== undefined && wallClock() - found.mtimeMs > ABANDONED;
}

async function remove(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true }).catch(() => undefined); // it is only a cache
}
