import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';

/**
 * The whole body of a request. What is over the limit is read off and thrown away, so that the client, which is still
 * sending, gets the answer and no broken connection; the server's time limit for requests bounds that.
 * @throws GatewayError photo_too_large as soon as it is clear, photo_empty, closed if the client goes away
 */
export function readPhoto(request: IncomingMessage, maximumBytes: number): Promise<Buffer> {
  const tooLarge = new GatewayError('photo_too_large', `the photo must have at most ${maximumBytes} bytes`);
  return new Promise((resolve, reject) => {
    // Gone before anybody listened: nothing more would be heard of it.
    if (request.destroyed) reject(new GatewayError('closed', 'the upload must be completed'));
    const parts: Buffer[] = [];
    let length = Number(request.headers['content-length'] ?? 0) > maximumBytes ? Infinity : 0;
    if (length === Infinity) reject(tooLarge);
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= maximumBytes) {
        parts.push(part);
        return;
      }
      parts.length = 0;
      reject(tooLarge);
    });
    request.on('end', () => {
      if (length === 0) reject(new GatewayError('photo_empty', 'the request must carry the photo as its body'));
      else resolve(Buffer.concat(parts));
    });
    request.on('error', () => reject(new GatewayError('closed', 'the upload must be completed')));
    request.on('close', () => reject(new GatewayError('closed', 'the upload must be completed')));
  });
}
