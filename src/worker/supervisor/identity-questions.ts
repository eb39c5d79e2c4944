/** What any media worker can be asked about identities. */
import { GatewayError } from '../../errors.ts';
import type { Consent } from '../../swap/swap.ts';
import type { Milli } from '../../time.ts';
import { identityBytes, type PackedIdentity } from '../wire/identity-bytes.ts';
import { masksReplySchema, photoReplySchema } from '../wire/protocol.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Decoding, finding the face, preparing the texture; the photo thread has a shorter limit of its own. */
const PHOTO_LIMIT: Milli = 50_000;
const MASKS_LIMIT: Milli = 10_000;

/** A photo that was judged good enough, made into an identity. */
export interface JudgedPhoto {
  readonly identity: PackedIdentity;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** Photos that were left out, by their place from 1. */
  readonly refusals: readonly { readonly photo: number; readonly code: string; readonly message: string }[];
  /** PNG. */
  readonly thumbnail: Uint8Array;
}

/** A painted mask that can be worn. */
export interface MaskPicture {
  readonly id: string;
  readonly title: string;
  /** PNG. */
  readonly thumbnail: Uint8Array;
}

type Asked = Pick<WorkerProcess, 'request'>;

/** An upload that is to be judged: a photo, or several in a form. */
export interface Upload {
  readonly photo: Uint8Array;
  readonly consent: Consent;
  /** As the head of the upload says. */
  readonly type: string;
}

/** @throws GatewayError photo_…, worker_lost */
export async function askAboutPhoto(worker: Asked, { photo, consent, type }: Upload): Promise<JudgedPhoto> {
  const question = { type: 'photo', body: { consent, type }, payload: [photo] };
  const reply = await worker.request(question, { timeout: PHOTO_LIMIT });
  const checked = photoReplySchema.safeParse(reply.body);
  const head = checked.data?.identity;
  if (head === undefined) throw new GatewayError('internal', 'the media worker must answer with an identity');
  const end = identityBytes(head);
  if (reply.payload.length !== end + (checked.data?.thumbnailBytes ?? 0)) {
    throw new GatewayError('internal', 'the media worker must send all bytes of the identity');
  }
  const identity = { head, bytes: reply.payload.subarray(0, end) };
  const { warnings = [], refusals = [] } = checked.data ?? {};
  return { identity, warnings, refusals, thumbnail: reply.payload.subarray(end) };
}

/** @throws GatewayError worker_lost, timed_out */
export async function askForMasks(worker: Asked): Promise<readonly MaskPicture[]> {
  const reply = await worker.request({ type: 'masks' }, { timeout: MASKS_LIMIT });
  const { masks } = masksReplySchema.parse(reply.body);
  let at = 0;
  return masks.map(({ id, title, thumbnailBytes }) => {
    const thumbnail = reply.payload.subarray(at, (at += thumbnailBytes));
    return { id, title, thumbnail };
  });
}
