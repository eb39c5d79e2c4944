import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineContract } from '../../../test/support/engine-contract.ts';
import { monotonic } from '../../time.ts';
import { OnnxEngine } from './onnx-engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'guise-prepared-'));

engineContract('onnxruntime on the processor', {
  provider: 'cpu',
  engine: () =>
    new OnnxEngine({ provider: 'cpu', deviceId: 0, threads: 1, warmBatches: [1, 2], clock: monotonic, folder }),
});
