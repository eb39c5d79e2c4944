/** VP9 frames from RTP payloads, RFC 9628. Spatial layers of one picture become a superframe (VP9 bitstream, annex B). */
import { readU8 } from '../../packet/bytes.ts';
import { broken, type Assembled, type Depacketizer } from '../depacketizer.ts';
import { joinPieces } from '../join.ts';
import { parseVp9Descriptor } from './vp9-descriptor.ts';
import { hasFrameMarker, isKeyframe } from './vp9-frame-header.ts';

/** A superframe index counts up to eight frames. */
const LAYER_LIMIT = 8;

export class Vp9Depacketizer implements Depacketizer {
  readonly codec = 'vp9';

  beginsKeyframe(payload: Uint8Array): boolean {
    const descriptor = parseVp9Descriptor(payload);
    if (!descriptor?.begins || descriptor.predicted || descriptor.spatialLayer !== 0) return false;
    return isKeyframe(readU8(payload, descriptor.size));
  }

  assemble(payloads: readonly Uint8Array[]): Assembled {
    const pieces: Uint8Array[] = [];
    const layers: number[] = [];
    let open = false;
    for (const payload of payloads) {
      const descriptor = parseVp9Descriptor(payload);
      if (!descriptor) return broken('descriptor too short');
      if (descriptor.begins === open) return broken(open ? 'layer without an end' : 'layer without a start');
      if (descriptor.begins) layers.push(0);
      const piece = payload.subarray(descriptor.size);
      pieces.push(piece);
      layers[layers.length - 1] = (layers.at(-1) ?? 0) + piece.length;
      open = !descriptor.ends;
    }
    if (layers.length === 0) return { kind: 'nothing' };
    if (open) return broken('layer without an end');
    if (layers.length > LAYER_LIMIT) return broken('too many layers');
    if (layers.length > 1) pieces.push(superframeIndex(layers));
    const data = joinPieces(pieces);
    if (!hasFrameMarker(readU8(data, 0))) return broken('no frame marker');
    // What refers to a frame is not to be seen from it: every one may be needed.
    return { kind: 'frame', data, keyframe: isKeyframe(readU8(data, 0)), referenced: true };
  }
}

/** Marker, sizes of all frames (4 bytes each, little-endian), marker: it tells a decoder where each frame begins. */
function superframeIndex(sizes: readonly number[]): Uint8Array {
  const index = new Uint8Array(2 + sizes.length * 4);
  const marker = 0xc0 | (3 << 3) | (sizes.length - 1);
  const view = new DataView(index.buffer);
  sizes.forEach((size, layer) => view.setUint32(1 + layer * 4, size, true));
  index[0] = marker;
  index[index.length - 1] = marker;
  return index;
}
