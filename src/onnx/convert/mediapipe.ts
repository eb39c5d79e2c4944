/**
 * The three custom operators of MediaPipe's attention mesh (mediapipe/util/tflite/operations) in standard ONNX. With them
 * the model cuts lips and eyes out of its own feature map, upright, looks at them again, and puts the points back.
 */
import type { OnnxGraph } from '../graph/onnx-graph.ts';
import { type FlexValue, readFlexBuffer } from '../tflite/flexbuffer.ts';
import type { TfliteOperator } from '../tflite/tflite-model.ts';
import { type Conversion, input, output, type OperatorConverter, unsupported } from './conversion.ts';
import { quadruple } from './convolution.ts';

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
  const [, height, width] = quadruple(conversion.shape(output(operator)));
  const [, sourceHeight, sourceWidth] = quadruple(conversion.shape(input(operator, 0)));
  const centres: number[] = [];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) centres.push(x + 0.5, y + 0.5);
  const affine = affineOf(graph, conversion.channelsLast(input(operator, 1)));
  const turned = graph.node('MatMul', [graph.floats([1, height * width, 2], centres), affine.transposed]);
  const pixels = graph.node('Sub', [graph.node('Add', [turned, affine.offset]), graph.floats([1], [0.5])]);
  const scale = graph.floats([1, 1, 2], [2 / (sourceWidth - 1), 2 / (sourceHeight - 1)]);
  const normalised = graph.node('Sub', [graph.node('Mul', [pixels, scale]), graph.floats([1], [1])]);
  const grid = graph.node('Reshape', [normalised, graph.integers([1, height, width, 2])]);
  const sampled = graph.node('GridSample', [conversion.channelsFirst(input(operator, 0)), grid], {
    mode: 'bilinear',
    padding_mode: 'zeros',
    align_corners: 1,
  });
  conversion.setChannelsFirst(output(operator), sampled);
};

/**
 * `Landmarks2TransformMatrix`: the matrix [1, 4, 4] that takes pixels of an upright output window to the map: the window
 * is the smallest box around some of the points [1, n, 3], turned by the line between two of them, and scaled.
 */
export const landmarksToMatrix: OperatorConverter = (conversion, operator) => {
  const { graph } = conversion;
  const window = readWindow(conversion, operator);
  const points = conversion.channelsLast(input(operator, 0));
  const of = arithmetic(graph);
  const axis = (values: string, k: number, count: number): string => {
    const column = graph.node('Slice', [values, graph.integers([k]), graph.integers([k + 1]), graph.integers([2])]);
    return graph.node('Reshape', [column, graph.integers([count])]);
  };
  const pick = (indices: readonly number[]): string =>
    graph.node('Gather', [points, graph.integers(indices)], { axis: 1 });

  const line = of.subtract(pick([window.right]), pick([window.left]));
  const [dx, dy] = [axis(line, 0, 1), axis(line, 1, 1)];
  const length = graph.node('Sqrt', [of.add(of.multiply(dx, dx), of.multiply(dy, dy))]);
  const [cosine, sine] = [of.divide(dx, length), of.divide(dy, length)];

  const subset = pick(window.subset);
  const [x, y] = [axis(subset, 0, window.subset.length), axis(subset, 1, window.subset.length)];
  const [left, right] = of.range(of.add(of.multiply(cosine, x), of.multiply(sine, y)));
  const [top, bottom] = of.range(of.subtract(of.multiply(cosine, y), of.multiply(sine, x)));
  const [middleX, middleY] = [of.scale(of.add(left, right), 0.5), of.scale(of.add(top, bottom), 0.5)];
  const centreX = of.subtract(of.multiply(cosine, middleX), of.multiply(sine, middleY));
  const centreY = of.add(of.multiply(sine, middleX), of.multiply(cosine, middleY));
  const perPixelX = of.scale(of.subtract(right, left), window.scaleX / window.width);
  const perPixelY = of.scale(of.subtract(bottom, top), window.scaleY / window.height);

  const m00 = of.multiply(cosine, perPixelX);
  const m01 = graph.node('Neg', [of.multiply(sine, perPixelY)]);
  const m10 = of.multiply(sine, perPixelX);
  const m11 = of.multiply(cosine, perPixelY);
  const offset = (centre: string, alongX: string, alongY: string): string =>
    of.subtract(of.subtract(centre, of.scale(alongX, window.width / 2)), of.scale(alongY, window.height / 2));
  const zero = graph.floats([1], [0]);
  const rest = graph.floats([8], [0, 0, 1, 0, 0, 0, 0, 1]);
  const rows = [m00, m01, zero, offset(centreX, m00, m01), m10, m11, zero, offset(centreY, m10, m11), rest];
  const matrix = graph.node('Concat', rows, { axis: 0 });
  conversion.setChannelsLast(output(operator), graph.node('Reshape', [matrix, graph.integers([1, 4, 4])]));
};

/** The rotation and scale of a matrix [1, 4, 4], transposed [1, 2, 2], and its offset [1, 1, 2]. */
function affineOf(graph: OnnxGraph, matrix: string): { readonly transposed: string; readonly offset: string } {
  const axes = graph.integers([1, 2]);
  const part = (from: readonly number[], to: readonly number[]): string =>
    graph.node('Slice', [matrix, graph.integers(from), graph.integers(to), axes]);
  return {
    transposed: graph.node('Transpose', [part([0, 0], [2, 2])], { perm: [0, 2, 1] }),
    offset: graph.node('Reshape', [part([0, 3], [2, 4]), graph.integers([1, 1, 2])]),
  };
}

function arithmetic(graph: OnnxGraph) {
  const along = { axes: [0], keepdims: 1 };
  return {
    add: (a: string, b: string) => graph.node('Add', [a, b]),
    subtract: (a: string, b: string) => graph.node('Sub', [a, b]),
    multiply: (a: string, b: string) => graph.node('Mul', [a, b]),
    divide: (a: string, b: string) => graph.node('Div', [a, b]),
    scale: (a: string, factor: number) => graph.node('Mul', [a, graph.floats([1], [factor])]),
    /** Smallest and largest element. */
    range: (a: string): [string, string] => [graph.node('ReduceMin', [a], along), graph.node('ReduceMax', [a], along)],
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
