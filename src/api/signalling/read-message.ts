import { GatewayError } from '../../errors.ts';
import { clientMessageSchema, PROTOCOL_VERSION, type ClientMessage } from '../messages.ts';

/**
 * A message of a caller, checked.
 * @throws GatewayError protocol_version, after which nothing that is said can be understood; message_invalid
 */
export function readMessage(text: string): ClientMessage {
  const json = parse(text);
  if (speaksOtherVersion(json)) {
    throw new GatewayError('protocol_version', `the protocol version must be ${PROTOCOL_VERSION}`);
  }
  const message = clientMessageSchema.safeParse(json);
  if (message.success) return message.data;
  const issue = message.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'message' : issue.path.join('.');
  throw new GatewayError('message_invalid', `${where}: ${issue?.message ?? 'must be as documented'}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('message_invalid', 'a message must be JSON', { cause });
  }
}

// Looked at before anything else: another version may have other fields.
function speaksOtherVersion(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  const { type, version } = json as { type?: unknown; version?: unknown };
  return type === 'hello' && version !== undefined && version !== PROTOCOL_VERSION;
}
