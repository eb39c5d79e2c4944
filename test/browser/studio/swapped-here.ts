import type { I420 } from '../../../src/media/plane.ts';
import type { PreparedIdentity } from '../../../src/swap/swap.ts';
import type { LocalSwap } from '../../bench/local-swap.ts';

/** A copy of `picture` with the identity put on by the product's own engine in this process. */
export async function swappedHere(local: LocalSwap, identity: PreparedIdentity, picture: I420): Promise<I420> {
  const copy = { ...picture, y: picture.y.slice(), u: picture.u.slice(), v: picture.v.slice() };
  const pass = local.pass(identity);
  // The first picture only finds the face; from the second on it is followed, as in a call.
  await pass.run(copy, { at: 0 });
  copy.y.set(picture.y);
  copy.u.set(picture.u);
  copy.v.set(picture.v);
  await pass.run(copy, { at: 33 });
  return copy;
}
