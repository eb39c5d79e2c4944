/** Readers of the gateway itself: messages, tokens, settings, and what a media worker says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { onTestFinished } from 'vitest';
import { readToken, signToken } from '../../../src/api/access/token.ts';
import { roomChangeSchema } from '../../../src/api/messages.ts';
import { readMessage } from '../../../src/api/signalling/read-message.ts';
import { ENVIRONMENT } from '../../../src/config/environment.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { GatewayError } from '../../../src/errors.ts';
import { readConsent } from '../../../src/swap/identity/consent.ts';
import { unpackIdentity } from '../../../src/worker/wire/identity-bytes.ts';
import {
  changeSchema,
  configureSchema,
  identityHeadSchema,
  openSchema,
  photoReplySchema,
  sessionNoticeSchema,
} from '../../../src/worker/wire/protocol.ts';
import { frameHead, FrameReader } from '../../../src/worker/wire/wire.ts';
import { mustHold, type Kind } from '../hammer.ts';

const MESSAGES = [
  '{"type":"hello","version":1,"token":"a.b.c","identity":"mask:gold","policy":"never","budget":66,"faces":1,"label":true,' +
    '"maximumSide":1280,"codec":"vp8","bitrate":2000000,"look":{"opacity":0.5,"keepEyes":true,"keepMouth":false}}',
  '{"type":"offer","sdp":"v=0\\r\\nm=video 9 UDP/TLS/RTP/SAVPF 96\\r\\n"}',
  '{"type":"candidate","candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","mid":"0"}',
  '{"type":"change","identity":null,"look":{"opacity":1}}',
  '{"type":"keyframe"}',
  '{"type":"bye"}',
];

const messages: Kind = {
  name: 'signalling messages',
  open: () => (mutator) => {
    const message = readMessage(mutator.text(MESSAGES));
    mustHold(['hello', 'offer', 'candidate', 'change', 'keyframe', 'bye'].includes(message.type), 'a message is known');
  },
};

const bodies: Kind = {
  name: 'JSON bodies and consent statements',
  open: () => (mutator) => {
    const text = mutator.text([
      '{"identity":"mask:gold","look":{"opacity":0.5}}',
      '{"subject":"somebody","grantedBy":"the same","grantedAt":"2026-01-01T00:00:00Z"}',
    ]);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return 'no JSON';
    }
    if (roomChangeSchema.safeParse(json).success) return 'taken';
    readConsent(json);
    return 'taken';
  },
};

const SECRET = 'a secret of thirty-two characters or more';

/** Tokens that were signed with the key, with another, with none, and what becomes of them: claims never grow. */
const tokens: Kind = {
  name: 'tokens',
  open: async () => {
    const claims = { grants: ['view' as const], room: 'stage', maximumSide: 640 };
    const good = await signToken(claims, { secret: SECRET, lifetime: 3600 });
    const late = new SignJWT({ grants: ['publish'] }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(1);
    const [head = '', body = '', signature = ''] = good.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const seeds = [
      good,
      await signToken({ grants: ['publish', 'view', 'control'] }, { secret: `other ${SECRET}`, lifetime: 3600 }),
      await late.sign(Buffer.from(SECRET)),
      `${none}.${body}.`,
    ];
    return async (mutator) => {
      const text = mutator.chance(0.3)
        ? [
            head,
            Buffer.from(mutator.text([Buffer.from(body, 'base64url').toString()])).toString('base64url'),
            signature,
          ].join('.')
        : mutator.text(seeds);
      const read = await readToken(text, SECRET);
      mustHold(JSON.stringify(read) === JSON.stringify(claims), 'a token says what was signed');
    };
  },
};

const SETTINGS = [
  '{"port":0,"https":{"enabled":true},"origins":["https://a.example"],"access":{"secret":"0123456789abcdef0123456789abcdef"},' +
    '"media":{"workers":2,"udpPorts":{"from":40000,"to":40100},"announce":["192.0.2.1","2001:db8::1"],"ice":"full",' +
    '"stunServers":["stun:stun.example.com:3478"],"codecs":{"send":["vp8"]}},"sessions":{"policies":["never"]},' +
    '"iceServers":{"urls":["turn:turn.example.com:3478?transport=udp"],"secret":"0123456789abcdef"}}',
  '{}',
];
const VALUES = [
  '8080',
  'true',
  'werift',
  'a.example,b.example',
  '40000-40100',
  'full',
  'stun:[2001:db8::1]:3478',
  'never',
  '0',
];

const config: Kind = {
  name: 'settings, file and environment',
  open: () => {
    const folder = mkdtempSync(join(tmpdir(), 'guise-fuzz-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'guise.json');
    writeFileSync(file, '{}');
    const names = Object.keys(ENVIRONMENT);
    return (mutator) => {
      const env: Record<string, string> = {};
      // Files are slow to write: one stays for some environments.
      if (mutator.chance(0.2)) writeFileSync(file, mutator.text(SETTINGS));
      else for (let i = mutator.random.below(3); i >= 0; i--) env[mutator.pick(names)] = mutator.text(VALUES);
      const { port, sessions } = loadConfig({ env: { ...env, GUISE_CONFIG: file } });
      mustHold(port >= 0 && port <= 65_535 && sessions.policies.length > 0, 'settings are in range');
    };
  },
};

const ID = '0123456789abcdef0123456789abcdef';
const HEAD = { id: 'x', kind: 'photo', width: 2, height: 2 };
const WIRE: readonly (readonly [type: string, body: unknown, payload: number])[] = [
  ['open', { session: ID, settings: { policy: 'never' }, identity: HEAD }, 12 + 468 * 8],
  ['change', { session: ID, settings: {}, identity: 'mask:gold' }, 0],
  ['session', { kind: 'state', session: ID, state: 'closed', reason: 'silent' }, 0],
  ['session', { kind: 'failed', session: ID, code: 'internal', message: 'no' }, 0],
  ['photo', { identity: HEAD, warnings: [{ code: 'a', message: 'b' }], thumbnailBytes: 4 }, 4],
  ['configure', { pixelThreads: 1, transport: 'werift', maximumBytes: 1, maximumPixels: 1 }, 0],
];
const BODIES = [openSchema, changeSchema, sessionNoticeSchema, photoReplySchema, configureSchema, identityHeadSchema];

/** The wire between processes: a media worker may have been taken over, so the gateway does not take its word. */
const wire: Kind = {
  name: 'wire between processes',
  open: () => {
    const seeds = WIRE.map(([type, body, payload]) =>
      Buffer.concat([frameHead('request', { id: 1, type, body }, payload), Buffer.alloc(payload, 7)]),
    );
    return (mutator) => {
      const bytes = mutator.bytes([...seeds, Buffer.concat(seeds)]);
      const reader = new FrameReader();
      const cut = mutator.random.below(bytes.length + 1);
      const frames = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
      for (const { header, payload } of frames) {
        const body = (header as { body?: { identity?: unknown } } | null)?.body;
        for (const schema of BODIES) schema.safeParse(body);
        const head = identityHeadSchema.safeParse(body?.identity);
        if (head.success) unpackIdentity(head.data, payload);
      }
      return frames.length === 0 ? 'unfinished' : 'taken';
    };
  },
  throws: (error) => error instanceof GatewayError && error.code === 'message_invalid',
};

export const OUTSIDE_KINDS: readonly Kind[] = [messages, bodies, tokens, config, wire];
