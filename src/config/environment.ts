/** The settings that environment variables override. */
type Parse = (text: string) => unknown;

// What does not parse is passed on as it is, so that the schema names it together with all other mistakes.
const asNumber: Parse = (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
const asBoolean: Parse = (text) => ({ '1': true, true: true, '0': false, false: false })[text] ?? text;
const asText: Parse = (text) => text;
const asList: Parse = (text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
const asRange: Parse = (text) => {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  return from === undefined ? text : { from: Number(from), to: Number(to) };
};

/** Environment variables, with the setting that each overrides. */
export const ENVIRONMENT: Readonly<Record<string, { readonly path: readonly string[]; readonly parse: Parse }>> = {
  GUISE_HOST: { path: ['host'], parse: asText },
  GUISE_PORT: { path: ['port'], parse: asNumber },
  GUISE_HTTPS: { path: ['https', 'enabled'], parse: asBoolean },
  GUISE_TLS_CERT: { path: ['https', 'certificate'], parse: asText },
  GUISE_TLS_KEY: { path: ['https', 'key'], parse: asText },
  GUISE_TRUST_PROXY: { path: ['trustProxy'], parse: asBoolean },
  GUISE_ORIGINS: { path: ['origins'], parse: asList },
  GUISE_ACCESS_SECRET: { path: ['access', 'secret'], parse: asText },
  GUISE_METRICS: { path: ['metrics'], parse: asText },
  GUISE_MEDIA_WORKERS: { path: ['media', 'workers'], parse: asNumber },
  GUISE_PIXEL_THREADS: { path: ['media', 'pixelThreads'], parse: asNumber },
  GUISE_MEDIA_TRANSPORT: { path: ['media', 'transport'], parse: asText },
  GUISE_UDP_PORTS: { path: ['media', 'udpPorts'], parse: asRange },
  GUISE_UDP_MUX: { path: ['media', 'udpMux'], parse: asNumber },
  GUISE_TCP: { path: ['media', 'tcp'], parse: asNumber },
  GUISE_ANNOUNCE: { path: ['media', 'announce'], parse: asList },
  GUISE_ICE: { path: ['media', 'ice'], parse: asText },
  GUISE_STUN_SERVERS: { path: ['media', 'stunServers'], parse: asList },
  GUISE_MODELS: { path: ['models', 'folder'], parse: asText },
  GUISE_ALLOW_NON_COMMERCIAL: { path: ['models', 'allowNonCommercial'], parse: asBoolean },
  GUISE_ICE_SERVERS: { path: ['iceServers', 'urls'], parse: asList },
  GUISE_TURN_SECRET: { path: ['iceServers', 'secret'], parse: asText },
  GUISE_MEMORY_SOFT: { path: ['media', 'memory', 'softMegabytes'], parse: asNumber },
  GUISE_MEMORY_HARD: { path: ['media', 'memory', 'hardMegabytes'], parse: asNumber },
  GUISE_HARDWARE: { path: ['media', 'codecs', 'hardware'], parse: asText },
  GUISE_CODECS: { path: ['media', 'codecs', 'send'], parse: asList },
  GUISE_POLICIES: { path: ['sessions', 'policies'], parse: asList },
  GUISE_LABEL_OPTIONAL: { path: ['sessions', 'labelOptional'], parse: asBoolean },
  GUISE_ROOMS_REDIRECT: { path: ['rooms', 'redirect'], parse: asText },
  GUISE_ROOMS_REDIRECT_WHEN: { path: ['rooms', 'redirectWhen'], parse: asText },
  GUISE_SESSIONS: { path: ['sessions', 'maximum'], parse: asNumber },
  GUISE_DRAIN_SECONDS: { path: ['sessions', 'drainSeconds'], parse: asNumber },
};
