import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configSchema } from './config.ts';
import { ENVIRONMENT } from './environment.ts';
import { loadConfig } from './load.ts';
import { gpuRecipe } from './gpu.ts';
import { PROJECT_ROOT } from '../entry.ts';
import { GatewayError } from '../errors.ts';

const nowhere = '/nonexistent/guise.json';

function settingsFile(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'guise-config-')), 'guise.json');
  writeFileSync(file, text);
  return file;
}

function mistakesOf(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'config_invalid') return error.message;
    throw error;
  }
  throw new Error('no mistake was found');
}

describe('settings', () => {
  test('are safe without a file and without an environment', () => {
    const config = loadConfig({ env: {}, file: nowhere });

    expect(config.host).toBeNull();
    expect(config.port).toBe(8080);
    expect(config.sessions.policies).toEqual(['never']);
    expect(config.sessions.labelOptional).toBe(false);
  });

  test('that are documented in config/default.json are those of the schema', () => {
    const documented: unknown = JSON.parse(readFileSync(join(PROJECT_ROOT, 'config', 'default.json'), 'utf8'));

    expect(documented).toEqual(configSchema.parse({}));
  });

  test('come from the file, over it the environment, over it the command line', () => {
    const file = settingsFile('{"port": 1000, "host": "10.0.0.1", "media": {"workers": 3}}');

    const config = loadConfig({
      env: { GUISE_CONFIG: file, GUISE_HOST: '10.0.0.2', GUISE_MEDIA_WORKERS: '2' },
      overrides: [[['media', 'workers'], 1]],
    });

    expect([config.port, config.host, config.media.workers]).toEqual([1000, '10.0.0.2', 1]);
  });

  test('are read from every variable of the environment', () => {
    const config = loadConfig({
      file: nowhere,
      env: {
        GUISE_UDP_PORTS: '40000-40010',
        GUISE_ANNOUNCE: '10.1.2.3, 10.9.9.9',
        GUISE_ORIGINS: 'https://a.example,https://b.example:8443',
        GUISE_POLICIES: 'never,always',
        GUISE_LABEL_OPTIONAL: '1',
        GUISE_TRUST_PROXY: 'true',
        GUISE_TLS_CERT: '/c.pem',
        GUISE_TLS_KEY: '/k.pem',
      },
    });

    expect(config.media.udpPorts).toEqual({ from: 40000, to: 40010 });
    expect(config.media.announce).toEqual(['10.1.2.3', '10.9.9.9']);
    expect(config.origins).toEqual(['https://a.example', 'https://b.example:8443']);
    expect(config.sessions).toMatchObject({ policies: ['never', 'always'], labelOptional: true });
    expect(config.trustProxy).toBe(true);
    expect(config.https).toMatchObject({ certificate: '/c.pem', key: '/k.pem' });
  });

  test('name every mistake by its path, and the variable that made it, all at once', () => {
    const file = settingsFile('{"prot": 1, "media": {"workers": 0, "thread": 2}, "photos": "many"}');

    const message = mistakesOf(() =>
      loadConfig({
        env: {
          GUISE_CONFIG: file,
          GUISE_PORT: 'eighty',
          GUISE_UDP_PORTS: '50-40',
          GUISE_POLICIES: 'never,sometimes',
          GUISE_ORIGINS: 'a.example/page',
          GUISE_TLS_CERT: '/c.pem',
        },
      }),
    );

    for (const part of [
      '"prot"',
      'media.workers: ',
      '"thread"',
      'photos: ',
      'port (GUISE_PORT): ',
      'media.udpPorts (GUISE_UDP_PORTS): ',
      'sessions.policies.1 (GUISE_POLICIES): ',
      'origins.0 (GUISE_ORIGINS): ',
      'https: certificate and key go together',
    ]) {
      expect(message).toContain(part);
    }
  });

  test('of the network take both families, and name what does not go together', () => {
    const { media, iceServers } = loadConfig({
      env: {
        GUISE_CONFIG: settingsFile('{}'),
        GUISE_ANNOUNCE: '203.0.113.5, 2001:db8::5',
        GUISE_ICE: 'full',
        GUISE_STUN_SERVERS: 'stun:stun.example:3478,stun:[2001:db8::1]',
        GUISE_TCP: '443',
        GUISE_UDP_MUX: '40000',
        GUISE_ICE_SERVERS: 'turn:turn.example:3478?transport=tcp',
        GUISE_TURN_SECRET: 'sixteen characters',
      },
    });
    expect(media).toMatchObject({ announce: ['203.0.113.5', '2001:db8::5'], ice: 'full', tcp: 443, udpMux: 40000 });
    expect(media.stunServers).toHaveLength(2);
    expect(iceServers.secret).toBe('sixteen characters');

    const message = mistakesOf(() =>
      loadConfig({
        env: {
          GUISE_CONFIG: settingsFile('{}'),
          GUISE_ANNOUNCE: 'gateway.example',
          GUISE_STUN_SERVERS: 'turn:stun.example',
          GUISE_ICE_SERVERS: 'turn:turn.example,https://turn.example',
          GUISE_TURN_SECRET: 'hunter2',
          GUISE_TCP: '0',
        },
      }),
    );
    for (const part of [
      'media.announce.0',
      'media.stunServers.0',
      'iceServers.urls.1',
      'iceServers.secret',
      'media.tcp',
    ]) {
      expect(message).toContain(part);
    }
    expect(message).not.toContain('hunter2');
    const alone = mistakesOf(() =>
      loadConfig({ env: { GUISE_CONFIG: settingsFile('{}'), GUISE_ICE_SERVERS: 'turn:a.b' } }),
    );
    expect(alone).toContain('GUISE_TURN_SECRET');
    const lite = mistakesOf(() =>
      loadConfig({ env: { GUISE_CONFIG: settingsFile('{}'), GUISE_STUN_SERVERS: 'stun:a.b' } }),
    );
    expect(lite).toContain('need ice to be full');
  });

  test('say which file is missing or is not JSON', () => {
    expect(mistakesOf(() => loadConfig({ env: { GUISE_CONFIG: nowhere } }))).toContain(nowhere);
    const broken = settingsFile('{"port": ');
    expect(mistakesOf(() => loadConfig({ env: {}, file: broken }))).toContain(broken);
    expect(mistakesOf(() => loadConfig({ env: {}, file: settingsFile('[]') }))).toContain('JSON object');
  });

  test('take what a published model needs from the manifest, and refuse one that may not be used', () => {
    const recipes = [
      { name: 'swap', model: 'ghost_1_256', maximumBatch: 4 },
      { name: 'own', model: 'uniface_256', file: '/u.onnx' },
    ];
    const models = { folder: '/models', allowNonCommercial: true };
    const load = (settings: object) => loadConfig({ env: {}, file: settingsFile(JSON.stringify(settings)) });

    expect(load({ gpu: { recipes }, models }).gpu?.recipes).toMatchObject([
      {
        file: '/models/ghost_1_256.onnx',
        size: 256,
        template: 'arcface_112_v1',
        input: 'signed',
        output: 'signed',
        source: {
          kind: 'embedding',
          embedder: '/models/arcface_w600k_r50.onnx',
          converter: '/models/crossface_ghost.onnx',
          normalise: false,
        },
        maximumBatch: 4,
      },
      { file: '/u.onnx', source: { kind: 'image', size: 256, template: 'ffhq_512' } },
    ]);
    const refused = mistakesOf(() => load({ gpu: { recipes } }));
    expect(refused).toContain('gpu.recipes.0.model: arcface_w600k_r50, crossface_ghost may not');
    expect(refused).toContain('gpu.recipes.1.model: uniface_256 may not');
    expect(mistakesOf(() => load({ gpu: { recipes: [{ name: 'x', model: 'none' }] }, models }))).toContain(
      'recipes.0.model',
    );
  });

  test('take the networks of masks and of an enhancer from the manifest, by name, and let what is said by hand win', () => {
    const hand = {
      file: '/m.onnx',
      size: 256,
      layout: 'nhwc',
      colours: 'bgr',
      input: 'unit',
      gives: { kind: 'occlusion' },
    };
    const recipe = { name: 'swap', model: 'ghost_1_256' };
    const models = { folder: '/models', allowNonCommercial: true };
    const load = (beside: object, more: object = { models }) =>
      loadConfig({
        env: {},
        file: settingsFile(JSON.stringify({ gpu: { recipes: [{ ...recipe, ...beside }] }, ...more })),
      }).gpu!.recipes[0]!;

    const { masks, enhancer } = load({
      masks: ['xseg_1', hand, 'bisenet_resnet_34'],
      enhancer: { model: 'codeformer', weight: 0.7 },
    });

    expect(masks).toMatchObject([
      { file: '/models/xseg_1.onnx', size: 256, layout: 'nhwc', colours: 'bgr', gives: { kind: 'occlusion' } },
      hand,
      { file: '/models/bisenet_resnet_34.onnx', size: 512, input: 'imagenet', gives: { kind: 'region', count: 19 } },
    ]);
    expect(enhancer).toMatchObject({ file: '/models/codeformer.onnx', template: 'ffhq_512', weight: 0.7, gives: 256 });
    expect(gpuRecipe(load({ masks: ['xseg_1'], enhancer: 'gfpgan_1.4' }))).toMatchObject({
      template: 'arcface_112_v1',
      masks: [{ file: '/models/xseg_1.onnx' }],
      enhancer: { file: '/models/gfpgan_1.4.onnx', weight: 0.5 },
    });
    expect(mistakesOf(() => load({ masks: ['xseg_9'] }))).toContain('masks.0.model');
    expect(mistakesOf(() => load({ enhancer: 'codeformer' }, {}))).toContain('codeformer may not');
  });

  test('say unit or range and default of every field, and are all in the documentation', () => {
    const undescribed: string[] = [];
    const fields: string[] = [];
    const walk = (shape: Record<string, unknown>, path: string): void => {
      for (const [key, field] of Object.entries(shape)) {
        const { description, def } = field as { description?: string; def: { innerType?: { shape?: object } } };
        if (def.innerType?.shape !== undefined) walk(def.innerType.shape as Record<string, unknown>, `${path}${key}.`);
        else {
          fields.push(path + key);
          if (description?.includes('Default') !== true) undescribed.push(path + key);
        }
      }
    };

    walk(configSchema.shape, '');

    expect(undescribed).toEqual([]);
    const page = readFileSync(join(PROJECT_ROOT, 'docs', 'configuration.md'), 'utf8');
    expect([...fields, ...Object.keys(ENVIRONMENT)].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
