import { pino, type Logger } from 'pino';

export type { Logger };

/** Fields that may hold what a person looks like, where they are, or a secret. They never reach a log. */
const PRIVATE_FIELDS = [
  'sdp',
  'candidate',
  'photo',
  'landmarks',
  'embedding',
  'texture',
  'token',
  'consent',
  'secret',
  'credential',
];

/**
 * A JSON logger on stderr. Messages are static; what varies goes into fields.
 * @param room the part of Guise that speaks, as field `room`
 */
export function createLog(room: string): Logger {
  return pino(
    {
      name: 'guise',
      level: process.env['GUISE_LOG'] ?? 'info',
      base: { pid: process.pid, room },
      redact: { paths: [...PRIVATE_FIELDS, ...PRIVATE_FIELDS.map((field) => `*.${field}`)], censor: '[private]' },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
