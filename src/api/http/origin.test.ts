import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { isLoopback, isOriginAllowed, remoteAddress } from './origin.ts';

const rule = { origins: ['https://studio.example'], trustProxy: false };

function request(headers: Record<string, string>): IncomingMessage {
  return { headers, socket: { remoteAddress: '10.0.0.9' } } as unknown as IncomingMessage;
}

function allowed(origin: string | undefined, host: string, changed: Partial<typeof rule> = {}): boolean {
  return isOriginAllowed(request({ host, ...(origin === undefined ? {} : { origin }) }), { ...rule, ...changed });
}

describe('an origin', () => {
  test('is allowed if it is where the gateway itself is addressed', () => {
    expect(allowed('http://192.168.1.5:8080', '192.168.1.5:8080')).toBe(true);
    expect(allowed('https://192.168.1.5', '192.168.1.5')).toBe(true);
    expect(allowed(`http://${hostname().toLowerCase()}:8080`, `${hostname()}:8080`)).toBe(true);
    expect(allowed('http://[::1]:8080', '[::1]:8080')).toBe(true);
  });

  test('may name the loopback in another way', () => {
    expect(allowed('http://localhost:8080', '127.0.0.1:8080')).toBe(true);
    expect(allowed('http://127.0.0.1:8080', 'localhost:8080')).toBe(true);
    expect(allowed('http://localhost:9090', 'localhost:8080')).toBe(false);
  });

  test('is allowed if the operator named it, and refused if it is another site', () => {
    expect(allowed('https://studio.example', '10.0.0.1:8080')).toBe(true);
    expect(allowed('https://studio.example.evil', '10.0.0.1:8080')).toBe(false);
    expect(allowed('https://evil.example', 'localhost:8080')).toBe(false);
    expect(allowed('null', 'localhost:8080')).toBe(false);
    expect(allowed('garbage', 'localhost:8080')).toBe(false);
  });

  test('of a name that was made to resolve to this machine is refused', () => {
    expect(allowed('http://evil.example:8080', 'evil.example:8080')).toBe(false);
  });

  test('is believed from a proxy only where the operator says so', () => {
    const headers = { host: '10.0.0.1', 'x-forwarded-host': 'guise.example', origin: 'https://guise.example' };

    expect(isOriginAllowed(request(headers), rule)).toBe(false);
    expect(isOriginAllowed(request(headers), { ...rule, trustProxy: true })).toBe(true);
  });

  test('is not sent by programs that are no browser', () => {
    expect(allowed(undefined, 'localhost:8080')).toBe(true);
  });
});

test('the remote address comes from a proxy only where it is trusted', () => {
  const forwarded = request({ 'x-forwarded-for': '1.2.3.4, 5.6.7.8' });

  expect(remoteAddress(forwarded, rule)).toBe('10.0.0.9');
  expect(remoteAddress(forwarded, { ...rule, trustProxy: true })).toBe('5.6.7.8');
  expect(['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.1'].map(isLoopback)).toEqual([true, true, true, false]);
});
