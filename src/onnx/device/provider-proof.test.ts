import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { proveProvider, type ProviderName } from './provider-proof.ts';

/** A profile as onnxruntime 1.29 writes it, with what is looked at. */
function profile(...nodes: readonly (readonly [operator: string, provider: string, bytes: number])[]): string {
  return JSON.stringify([
    { cat: 'Session', pid: 1, dur: 1711, ts: 13, ph: 'X', name: 'model_loading_uri', args: {} },
    ...nodes.map(([op_name, provider, bytes]) => ({
      cat: 'Node',
      name: `${op_name}_kernel_time`,
      args: { op_name, provider, output_size: String(bytes), thread_scheduling_stats: { main_thread: {} } },
    })),
  ]);
}

function refusal(text: string, provider: ProviderName): string {
  try {
    proveProvider(text, provider);
    return 'proved';
  } catch (error) {
    return error instanceof GatewayError ? `${error.code}: ${error.message}` : String(error);
  }
}

describe('the proof of an execution provider', () => {
  test('counts its nodes, and lets shapes be computed on the processor', () => {
    const text = profile(
      ['Conv', 'CUDAExecutionProvider', 1_000_000],
      ['Shape', 'CPUExecutionProvider', 32],
      ['Resize', 'CUDAExecutionProvider', 2_000_000],
    );

    expect(proveProvider(text, 'cuda')).toEqual({ nodes: 2, elsewhere: 1 });
  });

  test('fails when something of weight ran on the processor, and names it', () => {
    const text = profile(['Conv', 'CUDAExecutionProvider', 1_000_000], ['Resize', 'CPUExecutionProvider', 2_000_000]);

    expect(refusal(text, 'cuda')).toMatch(/^provider_unavailable: .*\[elsewhere:Resize@CPUExecutionProvider\]$/);
  });

  test('fails when everything ran on the processor', () => {
    expect(refusal(profile(['Conv', 'CPUExecutionProvider', 100]), 'webgpu')).toMatch(/^provider_unavailable/);
    expect(refusal(profile(), 'cpu')).toMatch(/^provider_unavailable/);
  });

  test('fails when the profile cannot be read', () => {
    expect(refusal('[{"cat" : "Node", "name" : "a"b"}]', 'cpu')).toMatch(/^provider_unavailable: the profile/);
  });

  test('lets TensorRT leave nodes to CUDA, but not all', () => {
    const both = profile(['Conv', 'TensorrtExecutionProvider', 9_000], ['Pad', 'CUDAExecutionProvider', 9_000]);

    expect(proveProvider(both, 'tensorrt')).toEqual({ nodes: 1, elsewhere: 1 });
    expect(refusal(profile(['Conv', 'CUDAExecutionProvider', 9_000]), 'tensorrt')).toMatch(/^provider_unavailable/);
  });
});
