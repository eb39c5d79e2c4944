import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import { generate } from 'selfsigned';
import { GatewayError } from '../../errors.ts';
import { wallClock, type Milli } from '../../time.ts';

/** A chain and its private key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DAY: Milli = 86_400_000;
/** Browsers accept at most 398 days; a made one lasts half a year and is renewed in time. */
const VALID_DAYS = 180;
const RENEW_BEFORE: Milli = 14 * DAY;

/** Reads the operator's own certificate. @throws GatewayError config_invalid naming the file, or that they do not fit */
export function readCertificate(files: { readonly certificate: string; readonly key: string }): Certificate {
  const own = { cert: readPem('https.certificate', files.certificate), key: readPem('https.key', files.key) };
  try {
    createSecureContext(own);
    return own;
  } catch (cause) {
    const message = 'https.certificate and https.key must be PEM files of a certificate and its key';
    throw new GatewayError('config_invalid', message, { cause });
  }
}

/**
 * A certificate for these names and addresses, signed by itself: browsers warn once and remember. It is kept in
 * `cacheFile`, readable by its owner only, so that a phone that has accepted it does so for the next start too.
 */
export async function makeCertificate(hosts: readonly string[], cacheFile: string): Promise<Certificate> {
  const kept = readKept(cacheFile);
  if (kept !== undefined && fits(kept.cert, hosts)) return kept;
  const made = await generate([{ name: 'commonName', value: 'Guise' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(wallClock() + VALID_DAYS * DAY),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) => (isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host })),
      },
    ],
  });
  const certificate: Certificate = { cert: made.cert, key: made.private };
  mkdirSync(dirname(cacheFile), { recursive: true });
  writeFileSync(cacheFile, JSON.stringify(certificate), { mode: 0o600 });
  return certificate;
}

function fits(cert: string, hosts: readonly string[]): boolean {
  const parsed = new X509Certificate(cert);
  if (Date.parse(parsed.validTo) - RENEW_BEFORE < wallClock()) return false;
  return hosts.every((host) => (isIP(host) === 0 ? parsed.checkHost(host) : parsed.checkIP(host)) !== undefined);
}

function readKept(file: string): Certificate | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<Certificate>;
    const certificate = { cert: kept.cert ?? '', key: kept.key ?? '' };
    createSecureContext(certificate);
    return certificate.cert === '' ? undefined : certificate;
  } catch {
    // None yet, or one that is broken: either way another is made.
    return undefined;
  }
}

function readPem(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new GatewayError('config_invalid', `${setting} must be a readable file [file:${file}]`, { cause });
  }
}
