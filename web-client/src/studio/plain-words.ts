/** What a code means to a person: of the gateway (docs/protocol.md), of the client (`CAUSE`), or a photo's. */
const ADVICE: Readonly<Record<string, string>> = {
  gateway_gone: 'The gateway is gone or restarting. The call is tried again by itself.',
  gateway_silent: 'The gateway does not answer. The call is tried again by itself.',
  path_lost: 'The connection was interrupted. The call comes back by itself.',
  woke: 'This computer was asleep. The call comes back by itself.',
  network_changed: 'The network changed. The call comes back by itself.',
  closed: 'The gateway is being restarted. The call is tried again by itself.',
  capacity_full: 'The gateway is full. It is tried again by itself.',
  worker_lost: 'A part of the gateway was restarted. The call comes back by itself.',
  timed_out: 'The gateway took too long. The call is tried again by itself.',
  internal: 'Something went wrong in the gateway. The call is tried again by itself.',
  protocol_version: 'This page is older than the gateway. Reload it.',
  token_missing: 'This gateway lets in only who has a link with a token. Open the link that you were given.',
  token_invalid: 'The link to this gateway is no longer good. Ask for a new one.',
  forbidden: 'Your link to this gateway does not allow that.',
  origin_refused: 'This page’s address is not allowed by the gateway (setting “origins”).',
  no_codec: 'This browser and the gateway have no video codec in common.',
};

/** A plain sentence for `code`; the gateway's own message where there is no better one. */
export function inPlainWords(code: string, message: string): string {
  return ADVICE[code] ?? message;
}
