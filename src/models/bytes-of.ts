import { stat } from 'node:fs/promises';

/** Size of a file; undefined if there is none. */
export async function bytesOf(path: string): Promise<number | undefined> {
  try {
    const { size } = await stat(path);
    return size;
  } catch {
    return undefined; // absent, or not to be looked at, which is as good as absent
  }
}
