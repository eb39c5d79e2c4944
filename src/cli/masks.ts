import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePng } from '../codec/picture/write.ts';
import { GatewayError } from '../errors.ts';
import { FaceModels } from '../face/models.ts';
import { MaskBox, MASKS } from '../swap/masks/paint.ts';
import { maskThumbnail } from '../swap/masks/thumbnail.ts';
import type { Terminal } from './terminal.ts';

/**
 * Lists the painted masks as they are named to `--identity`.
 * @param folder where a picture of each is written, `NAME.png`; left out: nowhere
 * @throws GatewayError file_unwritable
 */
export async function listMasks(folder: string | undefined, terminal: Terminal): Promise<void> {
  const longest = Math.max(...MASKS.map(({ name }) => name.length));
  for (const { name, title } of MASKS) terminal.out.write(`mask:${name.padEnd(longest)}  ${title}\n`);
  if (folder === undefined) return;
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new GatewayError('file_unwritable', `the folder for pictures must exist [folder:${folder}]`);
  }
  const models = await FaceModels.open();
  const box = new MaskBox(models.geometry);
  for (const { name } of MASKS) {
    const mask = box.mask(name);
    if (mask) writeFileSync(join(folder, `${name}.png`), writePng(maskThumbnail(mask, models.geometry)));
  }
  await models.close();
}
