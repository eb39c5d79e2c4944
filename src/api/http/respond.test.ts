import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { sendError } from './respond.ts';

/** Status and Retry-After of an error. */
function answer(error: unknown): [number, unknown] {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  sendError(response, error);
  return [response.statusCode, response.getHeader('retry-after')];
}

test('says when to come back: what the error knows, in whole seconds, else what is usual for its code', () => {
  expect(answer(new GatewayError('capacity_full', 'full', { retryAfter: 6_200 }))).toEqual([503, '7']);
  expect(answer(new GatewayError('capacity_full', 'full'))).toEqual([503, '5']);
  expect(answer(new GatewayError('worker_lost', 'lost'))).toEqual([503, '1']);
  expect(answer(new GatewayError('not_found', 'none'))).toEqual([404, undefined]);
});
