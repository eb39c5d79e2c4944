/** What a person can do about a code of the gateway (docs/protocol.md) or a name of getUserMedia's DOMException. */
const ADVICE: Readonly<Record<string, string>> = {
  NotAllowedError: 'The camera is blocked. Allow it in the address bar, then press “Start camera” again.',
  NotFoundError: 'No camera was found. Plug one in, then press “Start camera” again.',
  NotReadableError: 'The camera is in use by another program. Close that program, then press “Start camera” again.',
  OverconstrainedError: 'This camera cannot do the chosen size. Choose a smaller one.',
  insecure:
    'A browser gives the camera only to secure pages. Open this page on localhost or by https (npm start -- --https).',
  capacity_full: 'The gateway is full. It is tried again by itself.',
  worker_lost: 'A part of the gateway was restarted. The call comes back by itself.',
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
