/**
 * Least cosine to the mean of the others of a photo of the same person. Recognisers of the ArcFace family give different people up to
 * about 0.25, and photos of one person 0.6 and more.
 */
const SAME_PERSON = 0.3;

/** Likeness of two embeddings, −1 to 1. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return aa > 0 && bb > 0 ? dot / Math.sqrt(aa * bb) : 0;
}

/** The mean of embeddings as they come from the recogniser. */
export function meanOf(embeddings: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(embeddings[0]?.length ?? 0);
  for (const embedding of embeddings) embedding.forEach((value, i) => (mean[i]! += value / embeddings.length));
  return mean;
}

/** The embedding that is least like the others, if it is not of the same person. */
export function oddOneOut(
  embeddings: readonly Float32Array[],
): { readonly index: number; readonly likeness: number } | undefined {
  if (embeddings.length < 2) return undefined;
  const likenesses = embeddings.map((one) => cosine(one, meanOf(embeddings.filter((other) => other !== one))));
  const likeness = Math.min(...likenesses);
  return likeness < SAME_PERSON ? { index: likenesses.indexOf(likeness), likeness } : undefined;
}
