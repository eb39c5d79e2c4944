import { GatewayError } from '../../errors.ts';
import { FlatBuffer } from './flatbuffer.ts';
import { operatorName } from './operator-names.ts';

/** Element types of the TFLite schema, by number. */
const ELEMENT_TYPES = ['float32', 'float16', 'int32', 'uint8', 'int64'] as const;
export type ElementType = (typeof ELEMENT_TYPES)[number] | 'other';

export interface TfliteTensor {
  readonly name: string;
  /** NHWC for pictures. */
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Constant contents, little-endian; empty for what is computed. */
  readonly content: Uint8Array;
}

export interface TfliteOperator {
  /** As in the schema, `CONV_2D`; a custom one as `custom:NAME`. */
  readonly name: string;
  /** Indices of tensors; −1 for an optional input that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** A field of the operator's options table by its number in the schema. */
  option(field: number, kind: 'byte' | 'int', absent?: number): number;
  /** FlexBuffer with the parameters of a custom operator. */
  readonly custom: Uint8Array;
}

/** The first subgraph of a TFLite model. Operators are in an order in which they can be run. */
export interface TfliteModel {
  readonly tensors: readonly TfliteTensor[];
  readonly operators: readonly TfliteOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/**
 * Reads a TFLite file (tensorflow/lite/schema/schema.fbs, version 3).
 * @throws GatewayError asset_corrupt
 */
export function readTflite(bytes: Uint8Array): TfliteModel {
  try {
    return readModel(new FlatBuffer(bytes));
  } catch (cause) {
    throw new GatewayError('asset_corrupt', 'model must be a whole TFLite file', { cause });
  }
}

/** Field numbers below are those of the tables `Model`, `OperatorCode`, `Buffer`, `SubGraph`, `Tensor`, `Operator`. */
function readModel(file: FlatBuffer): TfliteModel {
  const model = file.root();
  const names = file.tables(model, 1).map((code) => {
    // Codes over 127 are in the newer field 3; readers take the larger of the two.
    const number = Math.max(file.byte(code, 0), file.int(code, 3));
    return operatorName(number, () => file.text(code, 1));
  });
  const buffers = file.tables(model, 4).map((buffer) => file.bytes(buffer, 0));
  const [graph] = file.tables(model, 2);
  if (graph === undefined) throw new RangeError('model has a subgraph');
  return {
    tensors: file.tables(graph, 0).map((tensor) => ({
      shape: file.ints(tensor, 0),
      type: ELEMENT_TYPES[file.byte(tensor, 1)] ?? 'other',
      content: at(buffers, file.int(tensor, 2)),
      name: file.text(tensor, 3),
    })),
    operators: file.tables(graph, 3).map((operator) => {
      const options = file.reference(operator, 4);
      return {
        name: at(names, file.int(operator, 0)),
        inputs: file.ints(operator, 1),
        outputs: file.ints(operator, 2),
        option: (field, kind, absent = 0) => (options === 0 ? absent : file[kind](options, field, absent)),
        custom: file.bytes(operator, 5),
      };
    }),
    inputs: file.ints(graph, 1),
    outputs: file.ints(graph, 2),
  };
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError('index lies in its table');
  return value;
}
