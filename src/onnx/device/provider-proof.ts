import { z } from 'zod';
import { GatewayError } from '../../errors.ts';

/** Execution providers of onnxruntime by the names that its options take. */
export type ProviderName = 'cpu' | 'cuda' | 'tensorrt' | 'webgpu';

/** As a profile names them. What TensorRT cannot run may go to CUDA: it is the same device. */
const PROFILE_NAMES: Record<ProviderName, readonly [string, ...string[]]> = {
  cpu: ['CPUExecutionProvider'],
  cuda: ['CUDAExecutionProvider'],
  tensorrt: ['TensorrtExecutionProvider', 'CUDAExecutionProvider'],
  webgpu: ['WebGpuExecutionProvider'],
};

/**
 * A node that gives more bytes than this works on pixels or features, and must run where it was asked for. Shapes and indices, which
 * onnxruntime computes on the processor on purpose, are far below.
 */
const SMALL_RESULT = 4096;

/** One event of a profile that onnxruntime writes; only those of nodes have what is looked at. */
const profileSchema = z.array(
  z.object({
    cat: z.string(),
    args: z
      .object({ provider: z.string().optional(), op_name: z.string().optional(), output_size: z.string().optional() })
      .optional(),
  }),
);

export interface ProviderProof {
  /** Nodes that the provider ran. */
  readonly nodes: number;
  /** Small ones that ran elsewhere. */
  readonly elsewhere: number;
}

/**
 * Reads from the profile of a run where its nodes were run: onnxruntime itself puts what a provider cannot do on the processor,
 * and says so only there.
 * @param profile JSON text
 * @throws GatewayError provider_unavailable if the provider ran nothing, or something of weight ran elsewhere
 */
export function proveProvider(profile: string, provider: ProviderName): ProviderProof {
  const [wanted, ...besides] = PROFILE_NAMES[provider];
  const elsewhere: string[] = [];
  const heavy: string[] = [];
  let nodes = 0;
  for (const { cat, args } of eventsOf(profile)) {
    if (cat !== 'Node' || args?.provider === undefined) continue;
    if (args.provider === wanted) nodes++;
    else {
      const place = `${args.op_name}@${args.provider}`;
      elsewhere.push(place);
      if (Number(args.output_size ?? Infinity) > SMALL_RESULT && !besides.includes(args.provider)) heavy.push(place);
    }
  }
  if (nodes === 0 || heavy.length > 0) {
    const places = [...new Set(nodes === 0 ? elsewhere : heavy)].join(', ');
    const message = `the network must run on the execution provider that was asked for [provider:${provider}] [elsewhere:${places}]`;
    throw new GatewayError('provider_unavailable', message);
  }
  return { nodes, elsewhere: elsewhere.length };
}

function eventsOf(profile: string): z.infer<typeof profileSchema> {
  try {
    return profileSchema.parse(JSON.parse(profile));
  } catch (cause) {
    // Names of nodes are written into it as they are, so an odd one can break it.
    const message = 'the profile of onnxruntime must be readable, or nothing is known about where nodes run';
    throw new GatewayError('provider_unavailable', message, { cause });
  }
}
