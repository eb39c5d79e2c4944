import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../test/support/code-of.ts';
import { GatewayError } from '../../errors.ts';
import { Access, Permit } from './access.ts';
import { signToken } from './token.ts';

const secret = 'a secret of the tests, long enough';
const request = (remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage;

async function entry(access: Access, from: IncomingMessage, token?: string): Promise<string> {
  return access.permit(from, token).then(
    () => 'in',
    (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
  );
}

describe('a gateway without a secret', () => {
  const access = new Access({ secret: null, openToLoopback: true });

  test('is open to this machine, with or without a token, and to nobody else', async () => {
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
      expect(await entry(access, request(address))).toBe('in');
    expect(await entry(access, request('127.0.0.1', { authorization: 'Bearer left-over' }))).toBe('in');
    expect(await entry(access, request('192.0.2.9'))).toBe('token_missing');
    expect(await entry(access, request('192.0.2.9', { authorization: 'Bearer anything' }))).toBe('token_missing');
  });

  test('takes what a proxy has passed on for somebody else’s, whatever the header says', async () => {
    const headers: Record<string, string>[] = [
      { 'x-forwarded-for': '192.0.2.9' },
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=[::1]' },
    ];
    for (const passed of headers) {
      expect(await entry(access, request('127.0.0.1', passed))).toBe('token_missing');
      expect(await entry(access, request('192.0.2.9', passed))).toBe('token_missing');
    }
  });

  test('lets nobody in where it trusts a proxy, which may leave the header out', async () => {
    const proxied = new Access({ secret: null, openToLoopback: false });
    expect(await entry(proxied, request('127.0.0.1'))).toBe('token_missing');
  });
});

describe('a gateway with a secret', () => {
  const access = new Access({ secret, openToLoopback: false });
  const token = (): Promise<string> => signToken({ grants: ['publish'], room: 'a' }, { secret, lifetime: 60 });

  test('asks everybody for a token, in the header or in the message', async () => {
    expect(await entry(access, request('127.0.0.1'))).toBe('token_missing');
    expect(await entry(access, request('192.0.2.9'), await token())).toBe('in');
    expect(await entry(access, request('192.0.2.9', { authorization: `bearer ${await token()}` }))).toBe('in');
    expect(await entry(access, request('127.0.0.1'), 'garbage')).toBe('token_invalid');
    expect(await entry(access, request('127.0.0.1'), 'x'.repeat(100_000))).toBe('token_invalid');
    expect(await entry(access, request('127.0.0.1', { authorization: 'Basic abc' }))).toBe('token_missing');
  });

  test('lets a bearer do what is granted, in his room alone', async () => {
    const permit = await access.permit(request('192.0.2.9'), await token());
    expect(codeOf(() => permit.require('publish'))).toBe('none');
    expect(codeOf(() => permit.require('control', 'publish'))).toBe('none');
    expect(codeOf(() => permit.require('control'))).toBe('forbidden');
    expect(codeOf(() => permit.requireRoom('a'))).toBe('none');
    expect(codeOf(() => permit.requireRoom('b'))).toBe('forbidden');
  });

  test('gives a token that names no room none', () => {
    expect(codeOf(() => new Permit({ grants: ['view'] }).requireRoom('a'))).toBe('forbidden');
    expect(codeOf(() => new Permit().requireRoom('a'))).toBe('none');
  });
});
