import { createHash, createHmac } from 'node:crypto';
import type { IceServerSettings } from '../../config/network.ts';
import type { Milli } from '../../time.ts';
import type { IceServer } from '../messages.ts';

/** Characters of a session's mark in a TURN user name. */
const MARK_LENGTH = 16;

/**
 * What a caller is told to reach the gateway by. TURN credentials follow the shared-secret scheme that coturn calls
 * `use-auth-secret` (draft-uberti-behave-turn-rest-00 §2.2): user name = `expiry:session`, password =
 * base64(HMAC-SHA1(secret, user name)). They end by themselves, so there is nothing to take back when a session is over.
 * @param wall wall-clock time, milliseconds since 1970
 */
export function iceServersFor(session: string, settings: IceServerSettings, wall: Milli): IceServer[] {
  const { urls, secret, lifetimeMinutes } = settings;
  const stun = urls.filter((url) => !isTurn(url));
  const turn = urls.filter(isTurn);
  const servers: IceServer[] = stun.length === 0 ? [] : [{ urls: stun }];
  if (turn.length === 0 || secret === null) return servers;
  const expiry = Math.floor(wall / 1000) + lifetimeMinutes * 60;
  // The user name is seen by whoever is on the way, and the session's id is not for them.
  const mark = createHash('sha256').update(session).digest('hex').slice(0, MARK_LENGTH);
  const username = `${expiry}:${mark}`;
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return [...servers, { urls: turn, username, credential }];
}

function isTurn(url: string): boolean {
  return url.startsWith('turn');
}
