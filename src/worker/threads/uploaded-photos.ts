import { GatewayError } from '../../errors.ts';

/** True if this content type is that of a form with files. */
export function isForm(type: string): boolean {
  return /^multipart\/form-data\b/i.test(type.trim());
}

/**
 * The files of a form (RFC 7578), whatever their fields are called, in their order; a body of any other type is a photo itself.
 * @throws GatewayError photo_unreadable, photo_empty
 */
export async function uploadedPhotos(body: Uint8Array, type: string): Promise<Uint8Array[]> {
  if (!isForm(type)) return [body];
  const files = await filesOf(body, type);
  if (files.length === 0) throw new GatewayError('photo_empty', 'the form must carry at least one photo, as a file');
  return Promise.all(files.map(async (file) => new Uint8Array(await file.arrayBuffer())));
}

async function filesOf(body: Uint8Array, type: string): Promise<Blob[]> {
  try {
    // Of a message or a file, never of memory that threads share.
    const whole = body as Uint8Array<ArrayBuffer>;
    const form = await new Response(whole, { headers: { 'content-type': type } }).formData();
    return [...form.values()].filter((value) => typeof value !== 'string');
  } catch (cause) {
    throw new GatewayError('photo_unreadable', 'the form must be whole, as multipart/form-data', { cause });
  }
}
