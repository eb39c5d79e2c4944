import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';

/**
 * The body of a request as text.
 * @param limit bytes
 * @throws GatewayError message_too_large
 */
export async function readText(request: IncomingMessage, limit: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > limit) throw new GatewayError('message_too_large', `the body must have at most ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
