/** Readers of files: photos of callers, and models. */
import { readGeometry } from '../../../src/onnx/geometry.ts';
import { installedPackage, readAsset } from '../../../src/onnx/asset.ts';
import { readProtobuf, repeatedFloats, repeatedIntegers } from '../../../src/onnx/graph/protobuf-reader.ts';
import { OnnxGraph } from '../../../src/onnx/graph/onnx-graph.ts';
import { FlatBuffer } from '../../../src/onnx/tflite/flatbuffer.ts';
import { readFlexBuffer } from '../../../src/onnx/tflite/flexbuffer.ts';
import { readTflite } from '../../../src/onnx/tflite/tflite-model.ts';
import { readPicture } from '../../../src/codec/picture/read.ts';
import { sniffPicture } from '../../../src/codec/picture/sniff.ts';
import { firstWebpFrame } from '../../../src/codec/picture/webp.ts';
import { uploadedPhotos } from '../../../src/worker/threads/uploaded-photos.ts';
import { animatedGif, animatedWebp, cmykJpeg, transparentPng, withOrientation } from '../../support/picture-files.ts';
import { mustHold, type Kind } from '../hammer.ts';

const isRange = (error: unknown): boolean => error instanceof RangeError;

function pictures(): Uint8Array[] {
  const jpeg = cmykJpeg([10, 200, 30, 40]);
  return [
    jpeg,
    withOrientation(jpeg, 6),
    transparentPng(9, 7, [200, 10, 10], 128),
    animatedGif([
      [255, 0, 0],
      [0, 255, 0],
    ]),
    animatedWebp(16, 16, [
      [255, 0, 0],
      [0, 255, 0],
    ]),
  ];
}

const heads: Kind = {
  name: 'heads of pictures, EXIF, WebP frames',
  throws: () => false,
  open: () => {
    const seeds = pictures();
    return (mutator) => {
      const bytes = mutator.bytes(seeds);
      mustHold(firstWebpFrame(bytes).length <= bytes.length + 30, 'a frame is part of its file');
      const head = sniffPicture(bytes);
      if (head === undefined) return 'no picture';
      mustHold(head.orientation >= 1 && head.orientation <= 8, 'an orientation is one of eight');
      return 'taken';
    };
  },
};

/** All the way through the decoders, which are native code. */
const decoded: Kind = {
  name: 'pictures, decoded',
  open: () => {
    const seeds = pictures();
    const limits = { maximumPixels: 64 * 64 };
    return (mutator) => {
      const { width, height, data } = readPicture(mutator.bytes(seeds), limits);
      mustHold(
        width * height <= limits.maximumPixels && data.length === 3 * width * height,
        'a picture keeps the limits',
      );
    };
  },
};

/** As a browser sends it, with so many of these pictures and a field of text. */
function photoForm(files: readonly Uint8Array[], boundary: string): Uint8Array {
  const parts = files.flatMap((file, index) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="photo"; filename="${index}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`,
    ),
    file,
    Buffer.from('\r\n'),
  ]);
  const text = `--${boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nme\r\n--${boundary}--\r\n`;
  return Buffer.concat([...parts, Buffer.from(text)]);
}

/** The photos of a form, each read as far as its head: several of one person, one that is cut off, none at all. */
const forms: Kind = {
  name: 'forms of several photos',
  open: () => {
    const [jpeg, turned, png] = pictures() as [Uint8Array, Uint8Array, Uint8Array];
    const boundary = '----WebKitFormBoundary7MA4YWxkTrZu0gW';
    const seeds = [[jpeg], [jpeg, png], [jpeg, turned, png], []].map((files) => photoForm(files, boundary));
    const type = `multipart/form-data; boundary=${boundary}`;
    return async (mutator) => {
      const asked = mutator.chance(0.2) ? mutator.text([type, type.toUpperCase()]) : type;
      const body = mutator.bytes(seeds);
      const photos = await uploadedPhotos(body, asked);
      const bytes = photos.reduce((sum, photo) => sum + photo.length, 0);
      mustHold(photos.length > 0 && bytes <= body.length, 'photos are parts of their form');
      for (const photo of photos) sniffPicture(photo);
    };
  },
};

const tflite: Kind = {
  name: 'TFLite models',
  open: async () => {
    const model = await readAsset('shortRange', installedPackage);
    const file = new FlatBuffer(model);
    const [graph = 0] = file.tables(file.root(), 2);
    const places = [0, file.root(), graph, ...file.tables(graph, 0), ...file.tables(graph, 3)];
    const structure = places.flatMap((at) => [at, Math.max(0, at - 24)]);
    return (mutator) => {
      const { tensors, operators } = readTflite(mutator.numbersNear(model, structure));
      const elements = tensors.reduce((sum, { shape }) => sum + shape.length, 0);
      mustHold(elements <= model.length, 'shapes are parts of their file');
      for (const operator of operators) optionsOf(() => operator.option(mutator.random.below(8), 'int'));
    };
  },
};

/** Options are read when a converter asks for them; what lies outside the file is a RangeError then. */
function optionsOf(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    mustHold(isRange(error), `an option is there or out of range: ${String(error)}`);
  }
}

const flexbuffers: Kind = {
  name: 'FlexBuffers',
  throws: (error) => isRange(error) || error instanceof TypeError,
  open: async () => {
    const { operators } = readTflite(await readAsset('mesh', installedPackage));
    const seeds = operators.map(({ custom }) => custom).filter(({ length }) => length > 0);
    return (mutator) => {
      const bytes = mutator.bytes(seeds);
      mustHold(
        JSON.stringify(readFlexBuffer(bytes)).length <= 64 * (bytes.length + 64),
        'values grow with their bytes',
      );
    };
  },
};

const protobuf: Kind = {
  name: 'protocol buffers, ONNX',
  throws: isRange,
  open: () => {
    const graph = new OnnxGraph();
    const input = graph.input('in', [1, 3, 8, 8]);
    const sum = graph.node('Add', [input, graph.floats([1], [0.5])], { axis: 1, alpha: { float: 0.25 }, pads: [1, 1] });
    graph.output('out', sum, [1, 3, 8, 8]);
    const seeds = [graph.finish()];
    return (mutator) => {
      const bytes = mutator.bytes(seeds);
      const fields = readProtobuf(bytes);
      const numbers = [...new Set(fields.map(({ number }) => number))].slice(0, 20);
      for (const number of numbers) {
        const values = [...repeatedIntegers(fields, number), ...repeatedFloats(fields, number)];
        mustHold(values.length <= 4 * bytes.length, 'values grow with their bytes');
      }
      const integers = fields.flatMap((field) => (field.kind === 'integer' ? [field.value, field.number] : []));
      mustHold(integers.every(Number.isFinite), 'integers are numbers');
    };
  },
};

const geometry: Kind = {
  name: 'face geometry',
  open: async () => {
    const seeds = [await readAsset('geometry', installedPackage)];
    return (mutator) => {
      const { positions, triangles } = readGeometry(mutator.bytes(seeds));
      mustHold(positions.length === 468 * 3 && triangles.length === 898 * 3, 'a face has its size');
    };
  },
};

export const FILE_KINDS: readonly Kind[] = [heads, decoded, forms, tflite, flexbuffers, protobuf, geometry];
