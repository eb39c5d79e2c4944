import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { makeCertificate, readCertificate } from './certificate.ts';

function cacheFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'guise-certificate-')), 'cache', 'certificate.json');
}

describe('a made certificate', () => {
  test('is for all names and addresses, and fits its key', async () => {
    const made = await makeCertificate(['localhost', '127.0.0.1', '192.0.2.7'], cacheFile());

    const parsed = new X509Certificate(made.cert);
    expect(parsed.checkHost('localhost')).toBe('localhost');
    expect(parsed.checkIP('192.0.2.7')).toBe('192.0.2.7');
    expect(parsed.checkIP('192.0.2.8')).toBeUndefined();
    expect(() => createSecureContext(made)).not.toThrow();
  });

  test('is kept for the next start, for its owner only, until another address is to be served', async () => {
    const file = cacheFile();
    const first = await makeCertificate(['localhost'], file);

    expect(await makeCertificate(['localhost'], file)).toEqual(first);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect((await makeCertificate(['localhost', '192.0.2.9'], file)).cert).not.toBe(first.cert);
  });

  test('replaces a file that is broken', async () => {
    const file = cacheFile();
    await makeCertificate(['localhost'], file);
    for (const broken of ['{"cert":', '{}', '{"cert":"x","key":"y"}']) {
      writeFileSync(file, broken);

      const made = await makeCertificate(['localhost'], file);

      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(made);
    }
  });
});

test('a certificate that cannot be read is named by its setting', () => {
  const garbage = cacheFile().replace('/cache', '');
  writeFileSync(garbage, 'no PEM');
  expect(() => readCertificate({ certificate: garbage, key: garbage })).toThrow(/must be PEM files/);
  expect(() => readCertificate({ certificate: '/nonexistent.pem', key: '/nonexistent.key' })).toThrow(
    /https\.certificate.*\/nonexistent\.pem/,
  );
});
