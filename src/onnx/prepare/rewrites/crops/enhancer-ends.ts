import type { EditableGraph } from '../../editable-graph.ts';
import {
  byteOutput,
  CROP_ENDS,
  cropInput,
  indices,
  isBroken,
  pictureEnds,
  scalar,
  takeCrops,
  widened,
  type PictureEnds,
  type Taking,
} from './crop-ends.ts';
import { resample, type Resampling } from './resampling.ts';

/** What is known of a network that draws faces more finely. */
export interface EnhancerEnds {
  readonly taking: Taking;
  /** What it gives must be multiplied by, and then raised by, for 0..255. */
  readonly gain: number;
  readonly offset: number;
  /** From what it gives to the larger crop. */
  readonly back: Resampling;
  /** From the crop to the larger one. */
  readonly enlarging: Resampling;
  /** How much of it is taken at each pixel of the larger crop, 0..1. */
  readonly fade: Float32Array;
}

/**
 * Lets a network take crops, [n, size, size, 3] uint8, RGB, an amount of each, [n] float32, and masks, [n, size, size] uint8, and give larger
 * crops and masks. A face with anything in it that is no number is only enlarged.
 * @returns whether the graph could be given these ends
 */
export function useEnhancerEnds(graph: EditableGraph, ends: EnhancerEnds): boolean {
  const file = pictureEnds(graph);
  if (file === undefined) return false;
  const { taking, gain, offset, back, enlarging, fade } = ends;
  const { size } = taking;
  const side = enlarging.to;
  const planes = cropInput(graph, file, size);
  takeCrops(graph, file, { ...taking, planes });
  const given = widened(graph, file.output.name);
  const scaled = graph.add('Add', [...graph.add('Mul', [given, scalar(graph, gain)]), scalar(graph, offset)]);
  const fine = resample(graph, graph.add('Clip', [...scaled, scalar(graph, 0), scalar(graph, 255)])[0], back);
  const plain = resample(graph, planes, enlarging);
  const share = graph.add('Mul', [amountsOf(graph, file), graph.numbers('float32', [side, side], fade)]);
  const more = graph.add('Mul', [...graph.add('Sub', [fine, plain]), ...share]);
  const [mixed] = graph.add('Add', [plain, ...more]);
  const [value] = graph.add('Where', [isBroken(graph, given, 4), plain, mixed]);
  graph.model.outputs = [
    byteOutput(graph, { name: CROP_ENDS.picture, value, perm: [0, 2, 3, 1], shape: [file.batch, side, side, 3] }),
    largeMasks(graph, file, { size, enlarging }),
  ];
  return true;
}

/** [n, 1, 1, 1] float32. */
function amountsOf(graph: EditableGraph, { batch }: PictureEnds): string {
  graph.model.inputs.push({ name: CROP_ENDS.amounts, type: 'float32', shape: [batch] });
  return graph.add('Reshape', [CROP_ENDS.amounts, indices(graph, [-1, 1, 1, 1])])[0];
}

function largeMasks(
  graph: EditableGraph,
  { batch }: PictureEnds,
  { size, enlarging }: { readonly size: number; readonly enlarging: Resampling },
): ReturnType<typeof byteOutput> {
  graph.model.inputs.push({ name: CROP_ENDS.masks, type: 'uint8', shape: [batch, size, size] });
  const value = resample(graph, widened(graph, CROP_ENDS.masks), enlarging);
  return byteOutput(graph, { name: CROP_ENDS.large, value, shape: [batch, enlarging.to, enlarging.to] });
}
