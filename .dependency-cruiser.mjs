// Import rules. Rooms only look down (docs/dataflow.md); each package has one door.
const leaf = '^src/[^/]+\\.ts$';
const notTest = { pathNot: '\\.test\\.ts$' };

/** `room` may import only the rooms named in `below` (and leaf files). */
const room = (name, below) => ({
  name: `${name}-looks-down`,
  severity: 'error',
  from: { path: `^src/${name}/`, ...notTest },
  to: { path: '^src/', pathNot: [`^src/${name}/`, leaf, ...below.map((b) => `^src/${b}/`)] },
});

/** `pkg` may be imported only from files matching `door`. */
const door = (pkg, paths) => ({
  name: `one-door-${pkg}`,
  severity: 'error',
  from: { path: '^(src|bin|web-client)/', pathNot: [...paths, '\\.test\\.ts$'] },
  to: { path: `^node_modules/${pkg}/` },
});

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'leaf-files-import-leaf-files',
      severity: 'error',
      from: { path: '^src/(time|errors|slot|log|held|entry)\\.ts$' },
      to: { path: '^src/[^/]+/' },
    },
    room('media', []),
    room('rtp', ['media']),
    room('codec', ['media']),
    room('onnx', ['media']),
    room('face', ['onnx', 'media']),
    room('swap', ['onnx', 'media', 'face', 'schedule']),
    room('schedule', ['media']),
    room('models', ['swap', 'onnx']),
    room('session', ['rtp', 'codec', 'face', 'swap', 'schedule', 'onnx', 'media']),
    room('worker', ['session', 'config', 'rtp', 'codec', 'face', 'swap', 'schedule', 'onnx', 'media']),
    room('config', ['models', 'onnx', 'swap', 'worker/wire']),
    room('api', ['worker', 'config']),
    room('egress', ['media']),
    door('werift', ['^src/session/']),
    door('node-datachannel', ['^src/session/transport/datachannel/']),
    door('ws', ['^src/api/']),
    door('jose', ['^src/api/access/']),
    door('onnxruntime-node', ['^src/onnx/']),
    door('node-av', ['^src/codec/']),
    door('(fluent-ffmpeg|ffmpeg-static)', ['^src/egress/']),
    {
      name: 'page-speaks-only-the-protocol',
      comment: 'The page may share the message schemas and the error codes with the gateway, nothing else of it.',
      severity: 'error',
      from: { path: '^web-client/' },
      to: { path: '^src/', pathNot: '^src/(api/messages|errors)\\.ts$' },
    },
    {
      name: 'product-does-not-import-tests',
      severity: 'error',
      from: { path: '^src/', ...notTest },
      to: { path: '^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
