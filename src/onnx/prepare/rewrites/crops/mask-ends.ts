import type { EditableGraph } from '../../editable-graph.ts';
import {
  byteOutput,
  CROP_ENDS,
  cropInput,
  indices,
  isBroken,
  pictureEnds,
  reduced,
  scalar,
  takeCrops,
  widened,
  type Taking,
} from './crop-ends.ts';
import { resample, type Resampling } from './resampling.ts';

/** What is known of a network that gives masks. */
export interface MaskEnds {
  readonly taking: Taking;
  /** What is made of what it gives. */
  readonly giving:
    | {
        readonly kind: 'share';
        /** To the crop's side, and softened. */
        readonly resampling: Resampling;
      }
    | {
        readonly kind: 'classes';
        /** 1 for each class that is the face, else 0. */
        readonly isFace: readonly number[];
        /** The row, and column, of what it gives that is looked at for each of the crop. */
        readonly at: readonly number[];
        readonly softening: Resampling;
      };
}

/**
 * Lets a network take crops, [n, size, size, 3] uint8, RGB, and give masks, [n, size, size] uint8, soft at their edges. A mask with anything
 * in it that is no number is 255 everywhere: it says nothing.
 * @returns whether the graph could be given these ends
 */
export function useMaskEnds(graph: EditableGraph, { taking, giving }: MaskEnds): boolean {
  const ends = pictureEnds(graph);
  // Where every class is the face there is nothing to compare.
  const comparable = giving.kind === 'share' || giving.isFace.includes(0);
  if (ends === undefined || !comparable) return false;
  const { size, resampling } = taking;
  const planes = cropInput(graph, ends, size);
  takeCrops(graph, ends, { ...taking, planes });
  const { name } = ends.output;
  const given = giving.kind === 'share' ? sharesOf(graph, name, resampling.to) : classesOf(graph, name, giving.at);
  const broken = isBroken(graph, given, giving.kind === 'share' ? 3 : 4);
  const soft =
    giving.kind === 'share'
      ? resample(graph, graph.add('Clip', [given, scalar(graph, 0), scalar(graph, 1)])[0], giving.resampling)
      : resample(graph, facesOf(graph, given, { isFace: giving.isFace, side: size }), giving.softening);
  // What is under a half is cut off: 0.5..1 becomes 0..255.
  const [half] = graph.add('Sub', [soft, scalar(graph, 0.5)]);
  const [mask] = graph.add('Mul', [half, scalar(graph, 510)]);
  const [flat] = graph.add('Reshape', [broken, indices(graph, [-1, 1, 1])]);
  const [value] = graph.add('Where', [flat, scalar(graph, 255), mask]);
  graph.model.outputs = [byteOutput(graph, { name: CROP_ENDS.picture, value, shape: [ends.batch, size, size] })];
  return true;
}

/** [n, side, side] float32 of what is that with another axis of 1. */
function sharesOf(graph: EditableGraph, value: string, side: number): string {
  return graph.add('Reshape', [widened(graph, value), indices(graph, [-1, side, side])])[0];
}

/** The scores at those rows and columns, float32. */
function classesOf(graph: EditableGraph, value: string, at: readonly number[]): string {
  const rows = graph.add('Gather', [value, indices(graph, at)], { attributes: { axis: 2 } });
  const both = graph.add('Gather', [...rows, indices(graph, at)], { attributes: { axis: 3 } });
  return widened(graph, both[0]);
}

/** 1 where a class of the face scores highest, by comparison: `ArgMax` of newer operator sets is not on every device. @returns [n, side, side] */
function facesOf(
  graph: EditableGraph,
  scores: string,
  { isFace, side }: { readonly isFace: readonly number[]; readonly side: number },
): string {
  const highest = (face: number): [string, ...string[]] => {
    const classes = isFace.flatMap((value, index) => (value === face ? [index] : []));
    const some = graph.add('Gather', [scores, indices(graph, classes)], { attributes: { axis: 1 } });
    return reduced(graph, 'ReduceMax', { value: some[0], axes: [1] });
  };
  const seen = graph.add('Greater', [...highest(1), ...highest(0)]);
  return graph.add('Reshape', [widened(graph, seen[0]), indices(graph, [-1, side, side])])[0];
}
