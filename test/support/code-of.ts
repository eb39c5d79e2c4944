import { GatewayError } from '../../src/errors.ts';

/** Code of the GatewayError that `action` throws, `none` if it throws nothing, else the error as text. */
export function codeOf(action: () => unknown): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
}
