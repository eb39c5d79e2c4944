import { expect, it } from 'vitest';
import { SEND_CODECS } from '../media/chunk.ts';
import { clientMessageSchema, statisticsSchema } from './messages.ts';

it('lets a session ask for exactly the codecs that are sent', () => {
  expect(statisticsSchema.shape.codec.options).toEqual(SEND_CODECS);
  const hello = (codec: string) => clientMessageSchema.safeParse({ type: 'hello', version: 1, codec }).success;
  expect(SEND_CODECS.every(hello)).toBe(true);
  expect(hello('av1')).toBe(false);
});
