import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** Whom the gateway listens to. */
export interface OriginRule {
  /** Origins besides the gateway's own page. */
  readonly origins: readonly string[];
  /** Believe X-Forwarded-Host and X-Forwarded-For. */
  readonly trustProxy: boolean;
}

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * True if the page that speaks is the gateway's own or one that the operator named. A page of the gateway's own has the
 * origin that the request is addressed to; loopback names stand for each other. Without an Origin it is no page of a
 * browser, so there is nobody to protect from another site.
 */
export function isOriginAllowed(request: IncomingMessage, rule: OriginRule): boolean {
  const origin = request.headers.origin;
  if (origin === undefined) return true;
  if (rule.origins.includes(origin)) return true;
  const host = addressedHost(request, rule);
  if (host === undefined || !URL.canParse(origin) || !URL.canParse(`http://${host}`)) return false;
  const page = new URL(origin);
  // The scheme decides what a left-out port means: 80 or 443.
  const addressed = new URL(`${page.protocol}//${host}`);
  if (page.port !== addressed.port) return false;
  if (LOOPBACK_NAMES.has(page.hostname) && LOOPBACK_NAMES.has(addressed.hostname)) return true;
  return page.hostname === addressed.hostname && (rule.trustProxy || isOwnName(addressed.hostname));
}

/** Where a request comes from, for limits and logs. */
export function remoteAddress(request: IncomingMessage, rule: OriginRule): string {
  const forwarded = rule.trustProxy ? lastOf(request.headers['x-forwarded-for']) : undefined;
  return forwarded ?? request.socket.remoteAddress ?? '';
}

/** True for addresses of this machine's loopback. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.replace(/^::ffff:/, '').startsWith('127.');
}

function addressedHost(request: IncomingMessage, rule: OriginRule): string | undefined {
  return (rule.trustProxy ? lastOf(request.headers['x-forwarded-host']) : undefined) ?? request.headers.host;
}

// A foreign name that was made to resolve to this machine (DNS rebinding) is in Host and Origin alike; an address or the
// machine's own name cannot be borrowed that way. Other names are for the operator to allow.
function isOwnName(name: string): boolean {
  const bare = name.replace(/^\[|\]$/g, '');
  const own = hostname().toLowerCase();
  return isIP(bare) !== 0 || LOOPBACK_NAMES.has(name) || bare === own || bare === `${own}.local`;
}

function lastOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.at(-1) : header;
  return text?.split(',').at(-1)?.trim();
}
