import { GatewayError } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import type { Permit } from '../access/access.ts';
import type { ChosenIdentity } from '../../worker/wire/cast-bytes.ts';
import {
  lookSchema,
  sessionSettingsSchema,
  type ExposurePolicy,
  type SessionSettings,
} from '../../worker/wire/protocol.ts';
import type { ClientMessage } from '../messages.ts';
import type { IdentityStore } from '../http/identity-store.ts';
import { facesFor } from './wearers.ts';

type Hello = Extract<ClientMessage, { type: 'hello' }>;
export type Look = NonNullable<Hello['look']>;

/** From decodable to sent where crops travel to a GPU and back, milliseconds. */
const RECIPE_BUDGET: Milli = 80;

/** What the operator lets a session's owner choose. */
export interface Allowed {
  readonly policies: readonly ExposurePolicy[];
  readonly labelOptional: boolean;
  /** Names of the recipes that a session may choose instead of the mesh; left out: none. */
  readonly recipes?: readonly string[];
  /** Names of the tiers that a token may name, the usual one first; left out: none. */
  readonly tiers?: readonly string[];
  /** Whom overload reaches last, and whose sessions are limited together: what the token says. */
  readonly tier?: string | undefined;
  readonly tenant?: string | undefined;
  /** Longest side of a picture, pixels; left out: what the settings of a session allow. */
  readonly maximumSide?: number | undefined;
}

/** What of it the bearer of a permit may choose. */
export function limitedBy(allowed: Allowed, { policies, maximumSide, tier, tenant }: Permit): Allowed {
  return {
    ...allowed,
    policies: allowed.policies.filter((policy) => policies?.includes(policy) ?? true),
    maximumSide,
    tier,
    tenant,
  };
}

/** The swaps that a session may choose. */
export function swapsOf({ recipes = [] }: Allowed): readonly string[] {
  return ['mesh', ...recipes];
}

/**
 * The settings of a new session.
 * @throws GatewayError policy_not_allowed if the operator does not allow the policy, or to leave the mark off; recipe_unknown;
 * forbidden if the token names a tier that there is not
 */
export function settingsFor(hello: Hello, allowed: Allowed): SessionSettings {
  const {
    policy,
    wearers = [],
    faces = facesFor(wearers),
    label,
    maximumSide,
    codec,
    bitrate,
    look,
    swap = 'mesh',
  } = hello;
  if (!swapsOf(allowed).includes(swap)) {
    throw new GatewayError('recipe_unknown', `the swap must be one of: ${swapsOf(allowed).join(', ')}`);
  }
  const budget = hello.budget ?? (swap === 'mesh' ? undefined : RECIPE_BUDGET);
  // Where the operator allows only weaker policies, the default is still the strictest of them.
  const chosen = policy ?? (['never', 'when-no-face', 'always'] as const).find((p) => allowed.policies.includes(p));
  if (chosen === undefined || !allowed.policies.includes(chosen)) {
    throw new GatewayError('policy_not_allowed', `the policy must be one of: ${allowed.policies.join(', ')}`);
  }
  if (label === false && !allowed.labelOptional) {
    throw new GatewayError('policy_not_allowed', 'the "AI MODIFIED" mark must stay on in this gateway');
  }
  const { tiers: [usual = '', ...others] = [], tier = usual, tenant } = allowed;
  if (tier !== usual && !others.includes(tier)) {
    throw new GatewayError('forbidden', 'the token must name a tier of this gateway, or none');
  }
  const given = { policy: chosen, swap, budget, faces, label, maximumSide, codec, bitrate, tier, tenant, ...look };
  const settings = sessionSettingsSchema.parse(given);
  return { ...settings, maximumSide: Math.min(settings.maximumSide, allowed.maximumSide ?? Infinity) };
}

/** The settings with another look; what it leaves out stays. */
export function withLook(settings: SessionSettings, look: Look | undefined): SessionSettings {
  return { ...settings, ...lookSchema.parse({ ...settings, ...withoutGaps(look ?? {}) }) };
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
