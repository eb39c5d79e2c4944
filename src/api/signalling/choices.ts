import { GatewayError } from '../../errors.ts';
import type { Permit } from '../access/access.ts';
import type { ChosenIdentity } from '../../worker/supervisor/remote-session.ts';
import { sessionSettingsSchema, type ExposurePolicy, type SessionSettings } from '../../worker/wire/protocol.ts';
import type { ClientMessage } from '../messages.ts';
import type { IdentityStore } from '../http/identity-store.ts';

type Hello = Extract<ClientMessage, { type: 'hello' }>;
export type Look = NonNullable<Hello['look']>;

/** What the operator lets a session's owner choose. */
export interface Allowed {
  readonly policies: readonly ExposurePolicy[];
  readonly labelOptional: boolean;
  /** Longest side of a picture, pixels; left out: what the settings of a session allow. */
  readonly maximumSide?: number | undefined;
}

/** What of it the bearer of a permit may choose. */
export function limitedBy(allowed: Allowed, { policies, maximumSide }: Permit): Allowed {
  return {
    ...allowed,
    policies: allowed.policies.filter((policy) => policies?.includes(policy) ?? true),
    maximumSide,
  };
}

/**
 * The settings of a new session.
 * @throws GatewayError policy_not_allowed if the operator does not allow the policy, or to leave the mark off
 */
export function settingsFor(hello: Hello, allowed: Allowed): SessionSettings {
  const { policy, budget, faces, label, maximumSide, codec, bitrate, look } = hello;
  // Where the operator allows only weaker policies, the default is still the strictest of them.
  const chosen = policy ?? (['never', 'when-no-face', 'always'] as const).find((p) => allowed.policies.includes(p));
  if (chosen === undefined || !allowed.policies.includes(chosen)) {
    throw new GatewayError('policy_not_allowed', `the policy must be one of: ${allowed.policies.join(', ')}`);
  }
  if (label === false && !allowed.labelOptional) {
    throw new GatewayError('policy_not_allowed', 'the "AI MODIFIED" mark must stay on in this gateway');
  }
  const given = { policy: chosen, budget, faces, label, maximumSide, codec, bitrate, ...look };
  const settings = sessionSettingsSchema.parse(given);
  return { ...settings, maximumSide: Math.min(settings.maximumSide, allowed.maximumSide ?? Infinity) };
}

/** The settings with another look; what it leaves out stays. */
export function withLook(settings: SessionSettings, look: Look | undefined): SessionSettings {
  const { opacity, keepEyes, keepMouth } = { ...settings, ...withoutGaps(look ?? {}) };
  return { ...settings, opacity, keepEyes, keepMouth };
}

/**
 * The identity of this id.
 * @param masks ids of the painted masks
 * @throws GatewayError identity_unknown
 */
export function identityFor(
  id: string,
  known: { readonly store: IdentityStore; readonly masks: readonly string[] },
): ChosenIdentity {
  if (!id.startsWith('mask:')) return known.store.get(id).identity;
  if (!known.masks.includes(id))
    throw new GatewayError('identity_unknown', 'the mask must be one of GET /v1/identities');
  return id as `mask:${string}`;
}

function withoutGaps(look: Look): Look {
  return Object.fromEntries(Object.entries(look).filter(([, value]) => value !== undefined));
}
