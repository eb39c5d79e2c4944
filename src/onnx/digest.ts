import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { GatewayError } from '../errors.ts';

/** SHA-256, hex; of text by its UTF-8. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** SHA-256 of a file, hex. @throws GatewayError file_unreadable */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw new GatewayError('file_unreadable', `file must be readable [file:${path}]`, { cause });
  }
  return hash.digest('hex');
}
