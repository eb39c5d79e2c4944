/**
 * The three custom operators of MediaPipe's attention mesh (mediapipe/util/tflite/operations) in standard ONNX. With them
 * the model cuts lips and eyes out of its own feature map, upright, looks at them again, and puts the points back.
 */
import type { OnnxGraph } from '../graph/onnx-graph.ts';
import { type FlexValue, readFlexBuffer } from '../tflite/flexbuffer.ts';
import type { TfliteOperator } from '../tflite/tflite-model.ts';
import { type Conversion, input, output, type OperatorConverter, unsupported } from './conversion.ts';
import { inBlocks, quadruple } from './convolution.ts';

/**
 * `TransformLandmarks`: points [1, n, 2] through the affine part of a matrix [1, 4, 4].
 */
export const transformLandmarks: OperatorConverter = (conversion, operator) => {
  const { graph } = conversion;
  const affine = affineOf(graph, conversion.channelsLast(input(operator, 1)));
  const turned = graph.node('MatMul', [conversion.channelsLast(input(operator, 0)), affine.transposed]);
  conversion.setChannelsLast(output(operator), graph.node('Add', [turned, affine.offset]));
};

/**
 * `TransformTensorBilinear`: samples a feature map [1, h, w, c] at the pixel centres of the output, sent through a matrix.
 * Outside the map is zero. GridSample with aligned corners wants −1…1 from the first to the last pixel centre.
 */
export const transformTensor: OperatorConverter = (conversion, operator) => {
  const { graph } = conversion;
  const [, height, width, channels] = quadruple(conversion.shape(output(operator)));
  const [, sourceHeight, sourceWidth] = quadruple(conversion.shape(input(operator, 0)));
  const centres: number[] = [];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) centres.push(x + 0.5, y + 0.5, 0, 1);
  const [scaleX, scaleY] = [2 / (sourceWidth - 1), 2 / (sourceHeight - 1)];
  const scale = graph.floats([1, 2, 4], [scaleX, 0, 0, 0, 0, scaleY, 0, 0]);
  const matrix = graph.node('MatMul', [scale, conversion.channelsLast(input(operator, 1))]);
  const turned = graph.node('MatMul', [graph.floats([1, height * width, 4], centres), transposed(graph, matrix)]);
  const normalised = graph.node('Add', [turned, graph.floats([1, 1, 2], [-scaleX / 2 - 1, -scaleY / 2 - 1])]);
  const grid = graph.node('Reshape', [normalised, graph.integers([1, height, width, 2])]);
  const sampled = graph.node('GridSample', [conversion.channelsFirst(input(operator, 0)), grid], {
    mode: 'bilinear',
    padding_mode: 'zeros',
    align_corners: 1,
  });
  conversion.setChannelsFirst(output(operator), inBlocks(graph, sampled, channels));
};

/**
 * `Landmarks2TransformMatrix`: the matrix [1, 4, 4] that takes pixels of an upright output window to the map: the window
 * is the smallest box around some of the points [1, n, 3], turned by the line between two of them, and scaled.
 *
 * Written with few operators on small matrices: one costs onnxruntime several microseconds, whatever its size.
 */
export const landmarksToMatrix: OperatorConverter = (conversion, operator) => {
  const { graph } = conversion;
  const window = readWindow(conversion, operator);
  const points = conversion.channelsLast(input(operator, 0));
  /** [2, n] coordinates, each given as (point, axis). */
  const pick = (...rows: readonly (readonly (readonly [point: number, axis: number])[])[]): string => {
    const indices = rows.flat().flatMap(([point, axis]) => [0, point, axis]);
    return graph.node('GatherND', [points, graph.integers(indices, [2, rows[0]!.length, 3])]);
  };
  const { left, right, subset } = window;
  const to = pick(
    AXES.map((axis) => [right, axis]),
    [
      [left, 1],
      [right, 0],
    ],
  );
  const from = pick(
    AXES.map((axis) => [left, axis]),
    [
      [right, 1],
      [left, 0],
    ],
  );
  // (cosine, sine), (−sine, cosine)
  const rotation = graph.node('LpNormalization', [graph.node('Sub', [to, from])], { axis: -1, p: 2 });
  const [xs, ys] = AXES.map((axis) => subset.map((point) => [point, axis] as const));
  const turned = graph.node('MatMul', [rotation, pick(xs!, ys!)]);
  const smallest = graph.node('ReduceMin', [turned], { axes: [1], keepdims: 1 });
  const largest = graph.node('ReduceMax', [turned], { axes: [1], keepdims: 1 });
  const upright = graph.node('Add', [
    graph.node('Mul', [smallest, shareOfEdge(graph, window, -1)]),
    graph.node('Mul', [largest, shareOfEdge(graph, window, 1)]),
  ]);
  const top = graph.node('Gemm', [rotation, upright], { transA: 1 });
  const matrix = graph.node('Concat', [top, graph.floats([2, 4], [0, 0, 1, 0, 0, 0, 0, 1])], { axis: 0 });
  conversion.setChannelsLast(output(operator), graph.node('Reshape', [matrix, graph.integers([1, 4, 4])]));
};

const AXES = [0, 1] as const;

/**
 * What an edge of the box adds to the matrix in the axes of the window, [2, 4]: to the size of one of its pixels, and to where
 * it starts.
 * @param side −1: left and top; 1: right and bottom
 */
function shareOfEdge(graph: OnnxGraph, { scaleX, scaleY, width, height }: LandmarkWindow, side: -1 | 1): string {
  const [x, y] = [side * scaleX, side * scaleY];
  return graph.floats([2, 4], [x / width, 0, 0, (1 - x) / 2, 0, y / height, 0, (1 - y) / 2]);
}

function transposed(graph: OnnxGraph, matrix: string): string {
  return graph.node('Transpose', [matrix], { perm: [0, 2, 1] });
}

/** The rotation and scale of a matrix [1, 4, 4], transposed [1, 2, 2], and its offset [1, 1, 2]. */
function affineOf(graph: OnnxGraph, matrix: string): { readonly transposed: string; readonly offset: string } {
  const axes = graph.integers([1, 2]);
  const part = (from: readonly number[], to: readonly number[]): string =>
    graph.node('Slice', [matrix, graph.integers(from), graph.integers(to), axes]);
  return {
    transposed: transposed(graph, part([0, 0], [2, 2])),
    offset: graph.node('Reshape', [part([0, 3], [2, 4]), graph.integers([1, 1, 2])]),
  };
}

interface LandmarkWindow {
  /** Points whose line is made horizontal. */
  readonly left: number;
  readonly right: number;
  /** Points that the window encloses. */
  readonly subset: readonly number[];
  readonly scaleX: number;
  readonly scaleY: number;
  /** Pixels of the output window. */
  readonly width: number;
  readonly height: number;
}

function readWindow(conversion: Conversion, operator: TfliteOperator): LandmarkWindow {
  const options = readOptions(operator);
  const number = (name: string): number => {
    const value = options[name];
    if (typeof value !== 'number') throw unsupported(conversion, operator, `no number ${name}`);
    return value;
  };
  const subset = options['subset_idxs'];
  if (!Array.isArray(subset)) throw unsupported(conversion, operator, 'no list subset_idxs');
  return {
    left: number('left_rotation_idx'),
    right: number('right_rotation_idx'),
    subset: subset.map(Number),
    scaleX: number('scale_x'),
    scaleY: number('scale_y'),
    width: number('output_width'),
    height: number('output_height'),
  };
}

function readOptions(operator: TfliteOperator): { [key: string]: FlexValue } {
  const options = readFlexBuffer(operator.custom);
  return options !== null && typeof options === 'object' && !Array.isArray(options) ? options : {};
}
