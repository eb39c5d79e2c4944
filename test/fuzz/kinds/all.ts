import type { Kind } from '../hammer.ts';
import { DESCRIPTION_KINDS } from './descriptions.ts';
import { FILE_KINDS } from './files.ts';
import { FRONT_DOOR_KINDS } from './front-door.ts';
import { HANDSHAKE_KINDS } from './handshake.ts';
import { OUTSIDE_KINDS } from './outside.ts';
import { RTP_KINDS } from './rtp.ts';

/** Every reader of bytes of strangers. */
export const ALL_KINDS: readonly Kind[] = [
  ...RTP_KINDS,
  ...FRONT_DOOR_KINDS,
  ...HANDSHAKE_KINDS,
  ...DESCRIPTION_KINDS,
  ...OUTSIDE_KINDS,
  ...FILE_KINDS,
];
