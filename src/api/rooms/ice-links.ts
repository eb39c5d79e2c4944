import type { IceServer } from '../messages.ts';

/** `Link` headers that tell ICE servers (RFC 9725 §4.6), one for each URL. */
export function linksOf(servers: readonly IceServer[]): string[] {
  return servers.flatMap(({ urls, username, credential }) =>
    urls.map((url) => {
      const login =
        username === undefined || credential === undefined
          ? ''
          : `; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`;
      return `<${url}>; rel="ice-server"${login}`;
    }),
  );
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
