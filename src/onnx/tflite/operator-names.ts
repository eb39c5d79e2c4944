/** Operator codes of the TFLite schema (`BuiltinOperator`) that name something in an error or in a converter. */
const NAMES: Readonly<Record<number, string>> = {
  0: 'ADD',
  1: 'AVERAGE_POOL_2D',
  2: 'CONCATENATION',
  3: 'CONV_2D',
  4: 'DEPTHWISE_CONV_2D',
  5: 'DEPTH_TO_SPACE',
  6: 'DEQUANTIZE',
  9: 'FULLY_CONNECTED',
  14: 'LOGISTIC',
  17: 'MAX_POOL_2D',
  18: 'MUL',
  19: 'RELU',
  21: 'RELU6',
  22: 'RESHAPE',
  23: 'RESIZE_BILINEAR',
  25: 'SOFTMAX',
  34: 'PAD',
  36: 'GATHER',
  39: 'TRANSPOSE',
  40: 'MEAN',
  41: 'SUB',
  42: 'DIV',
  45: 'STRIDED_SLICE',
  53: 'CAST',
  54: 'PRELU',
  67: 'TRANSPOSE_CONV',
  101: 'ABS',
  114: 'QUANTIZE',
  117: 'HARD_SWISH',
  124: 'DENSIFY',
};

const CUSTOM = 32;

/** Name of an operator code; `customName` is asked for a custom one's own name. */
export function operatorName(code: number, customName: () => string): string {
  if (code === CUSTOM) return `custom:${customName()}`;
  return NAMES[code] ?? `operator-${code}`;
}
