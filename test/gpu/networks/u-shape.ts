import { OnnxGraph } from '../../../src/onnx/graph/onnx-graph.ts';
import { Layers } from './layers.ts';

export interface UShape {
  /** Side of what it takes and gives, pixels. */
  readonly size: number;
  /** Channels at each size, from the largest on; each size is half the one before. */
  readonly channels: readonly number[];
  /** Convolutions at each size, down and up. */
  readonly depth: number;
  /** What it gives, and how: a share of each pixel as xseg does, classes as bisenet, or a picture as gfpgan. */
  readonly gives: 'share' | 'classes' | 'picture';
}

/** Stand-ins for the networks that a recipe has beside its swap, with their GFLOP for one crop. How many the published ones take is not known. */
export const U_SHAPES = {
  /** As xseg: 30. */
  mask: { size: 256, channels: [32, 64, 128, 256, 256, 256], depth: 2, gives: 'share' },
  /** As bisenet_resnet_34: 41. */
  regions: { size: 512, channels: [16, 32, 64, 128, 256, 512], depth: 2, gives: 'classes' },
  /** As gfpgan_1.4: 488. */
  enhancer: { size: 512, channels: [64, 128, 256, 512, 512, 512], depth: 2, gives: 'picture' },
} as const satisfies Record<string, UShape>;

const CLASSES = 19;

/**
 * A network that goes down to small pictures and up again, what it had on its way down added on the way up, with random weights and a
 * batch of one as published files have it: for timing, what it says means nothing.
 */
export function uNetwork({ size, channels, depth, gives }: UShape): OnnxGraph {
  const graph = new OnnxGraph();
  const layers = new Layers(graph, { type: 'float32', seed: 5, wide: 0, published: true });
  const last = gives === 'share';
  const taken = last ? [1, size, size, 3] : [1, 3, size, size];
  const input = graph.input('input', taken);
  const block = (value: string, from: number, to: number): string => {
    let x = value;
    for (let k = 0; k < depth; k++)
      x = layers.leaky(layers.convolution(x, { from: k === 0 ? from : to, to, side: 3, pad: 1 }));
    return x;
  };

  let x = last ? graph.node('Transpose', [input], { perm: [0, 3, 1, 2] }) : input;
  let from = 3;
  const passed: string[] = [];
  for (const [level, to] of channels.entries()) {
    if (level > 0) {
      x = layers.leaky(layers.convolution(x, { from, to, side: 3, pad: 1, stride: 2 }));
      from = to;
    }
    x = block(x, from, to);
    passed.push(x);
    from = to;
  }
  for (let level = channels.length - 2; level >= 0; level--) {
    const to = channels[level]!;
    const up = layers.leaky(layers.convolution(layers.doubled(x), { from, to, side: 3, pad: 1 }));
    x = block(graph.node('Add', [up, passed[level]!]), to, to);
    from = to;
  }
  end(graph, layers, { x, from, size, gives });
  return graph;
}

function end(
  graph: OnnxGraph,
  layers: Layers,
  { x, from, size, gives }: { readonly x: string; readonly from: number } & Pick<UShape, 'size' | 'gives'>,
): void {
  const to = { share: 1, classes: CLASSES, picture: 3 }[gives];
  const given = layers.convolution(x, { from, to, side: 1, pad: 0 });
  if (gives === 'classes') graph.output('output', given, [1, to, size, size]);
  else if (gives === 'picture') graph.output('output', graph.node('Tanh', [given]), [1, to, size, size]);
  else {
    const share = graph.node('Transpose', [graph.node('Sigmoid', [given])], { perm: [0, 2, 3, 1] });
    graph.output('output', share, [1, size, size, 1]);
  }
}
