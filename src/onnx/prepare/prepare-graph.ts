import type { OnnxModel } from '../graph/onnx-model.ts';
import { EditableGraph } from './editable-graph.ts';
import { fuseAdaptiveNorms } from './rewrites/styles/adaptive-norm.ts';
import { freeBatch } from './rewrites/free-batch.ts';
import { useHalves } from './rewrites/half.ts';
import { fuseInstanceNorms } from './rewrites/instance-norm.ts';
import { mergeStyles } from './rewrites/styles/merge-styles.ts';
import { REWRITES, type Rewrite } from './rewrites.ts';

/** Gives a graph bytes at its ends. @returns whether it could be given them */
export type GiveEnds = (graph: EditableGraph) => boolean;

/** How often each was done; what could not be done is left out. */
export type Rewritten = Readonly<Partial<Record<Rewrite, number>>>;

/**
 * Rewrites a model in place: it gives the same, but for rounding, in batches and in less time.
 * @param rewrites those that are tried
 */
export function prepareGraph(
  model: OnnxModel,
  { rewrites, ends }: { readonly rewrites: readonly Rewrite[]; readonly ends: GiveEnds },
): Rewritten {
  const graph = new EditableGraph(model);
  graph.tidy();
  const done: Partial<Record<Rewrite, number>> = {};
  for (const rewrite of REWRITES) {
    const times = rewrites.includes(rewrite) ? rewriteOnce(graph, rewrite, ends) : undefined;
    if (times !== undefined) done[rewrite] = times;
    graph.tidy();
  }
  return done;
}

/** @returns undefined if there was nothing to do */
function rewriteOnce(graph: EditableGraph, rewrite: Rewrite, ends: GiveEnds): number | undefined {
  switch (rewrite) {
    case 'batch':
      return freeBatch(graph);
    case 'norms':
      return fuseInstanceNorms(graph) || undefined;
    case 'styles':
      return fuseAdaptiveNorms(graph) || undefined;
    case 'products':
      return mergeStyles(graph) || undefined;
    case 'half':
      return useHalves(graph) || undefined;
    case 'bytes':
      return ends(graph) ? 1 : undefined;
  }
}
