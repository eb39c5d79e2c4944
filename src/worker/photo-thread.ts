/** Entry of the photo thread: reads photos of strangers, finds the face, makes identities; paints the masks' thumbnails. */
import { parentPort, workerData } from 'node:worker_threads';
import { readPicture } from '../codec/picture/read.ts';
import { writePng } from '../codec/picture/write.ts';
import { assert, GatewayError } from '../errors.ts';
import { FaceModels } from '../face/models.ts';
import { createLog } from '../log.ts';
import type { PhotoReply, PhotoRequest } from '../session/pixel.ts';
import { identityFromPhotos } from '../swap/identity/from-photos.ts';
import { openMasks } from '../swap/masks/kept-masks.ts';
import { MASKS } from '../swap/masks/paint.ts';
import { maskThumbnail } from '../swap/masks/thumbnail.ts';
import { Embedder } from '../swap/neural/embedder.ts';
import type { RecipeFace } from '../swap/neural/recipe.ts';
import { recogniserOf } from '../swap/neural/sources.ts';
import { END } from './threads/end-thread.ts';
import { uploadedPhotos } from './threads/uploaded-photos.ts';
import { failureBody } from './wire/channel.ts';

/** Set once for the thread. */
export interface PhotoThreadSettings {
  /** Bytes and pixels of the largest photo. */
  readonly maximumBytes: number;
  readonly maximumPixels: number;
  /** Whose sources are made of each photo. */
  readonly recipes: readonly RecipeFace[];
}

export interface MasksRequest {
  readonly kind: 'masks';
  readonly request: number;
}
export interface RecogniseRequest {
  readonly kind: 'recognise';
  readonly request: number;
  /** [112, 112, 3] uint8, RGB. */
  readonly crop: Uint8Array;
}
export type PhotoThreadRequest = (PhotoRequest & { readonly kind: 'photo' }) | MasksRequest | RecogniseRequest;

export type PhotoThreadReply =
  | (Extract<PhotoReply, { ok: true }> & { readonly kind: 'photo' })
  | {
      readonly kind: 'masks';
      readonly request: number;
      readonly ok: true;
      readonly masks: readonly { readonly id: string; readonly title: string; readonly thumbnail: Uint8Array }[];
    }
  | { readonly kind: 'recognise'; readonly request: number; readonly ok: true; readonly embedding: Float32Array }
  | Extract<PhotoReply, { ok: false }>;

/** Longest side that faces are looked for in: a larger photo is scaled down, the texture needs no more. */
const FIT_SIDE = 2048;

const log = createLog('photos');
const port = parentPort;
assert(port !== null, 'photo-thread runs as a worker thread');
const settings = workerData as PhotoThreadSettings;
const embedder = new Embedder();
let models: Promise<FaceModels> | undefined;

async function judge({ request, body, type, consent }: PhotoRequest): Promise<PhotoThreadReply> {
  const photos = (await uploadedPhotos(body, type)).map(
    (photo) => () => readPicture(photo, { ...settings, fitSide: FIT_SIDE }),
  );
  const { recipes } = settings;
  const options = { models: await (models ??= FaceModels.open()), recipes, embedder, consent };
  const { thumbnail, ...made } = await identityFromPhotos(photos, options);
  return { kind: 'photo', request, ok: true, ...made, thumbnail: writePng(thumbnail) };
}

async function paint(request: number): Promise<PhotoThreadReply> {
  const { geometry } = await (models ??= FaceModels.open());
  const box = await openMasks(geometry);
  const masks = MASKS.flatMap(({ name, title }) => {
    const mask = box.mask(name);
    return mask === undefined ? [] : [{ id: mask.id, title, thumbnail: writePng(maskThumbnail(mask, geometry)) }];
  });
  return { kind: 'masks', request, ok: true, masks };
}

async function recognise({ request, crop }: RecogniseRequest): Promise<PhotoThreadReply> {
  const file = recogniserOf(settings.recipes);
  if (file === undefined) throw new GatewayError('unsupported', 'a recipe with an embedder must be configured');
  return { kind: 'recognise', request, ok: true, embedding: await embedder.recognise(file, crop) };
}

function answer(message: PhotoThreadRequest): Promise<PhotoThreadReply> {
  switch (message.kind) {
    case 'photo':
      return judge(message);
    case 'masks':
      return paint(message.request);
    case 'recognise':
      return recognise(message);
  }
}

port.on('message', (message: PhotoThreadRequest | typeof END) => {
  if (message === END) return port.close();
  // A reply that cannot be sent ends the thread; the desk says so to whoever waits.
  void answer(message)
    .catch((error: unknown): PhotoThreadReply => {
      if (!(error instanceof GatewayError)) log.error({ err: error }, 'photo failed');
      return { request: message.request, ok: false, ...failureBody(error) };
    })
    .then((reply) => port.postMessage(reply));
});
