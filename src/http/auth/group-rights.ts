import { type Scope, scopes } from '../../domain/caller';
import type { UserError } from '../../domain/errors';
import { isObject } from '../../domain/json';
import { checkGrant, checkName, checkScopes, type NamedGrant } from '../../service/client';
import type { Rights } from '../../service/person';

/** Which claim of a token lists the groups of a person, and the rights of each group. */
export interface GroupRights {
  /** The name of a claim. A name with dots is a path if the token has no claim of that name. */
  claim: string;
  groups: ReadonlyMap<string, Rights>;
}

/** JWT_GROUPS is wrong. The message says where, in one line. */
export class GroupsError extends Error {}

/** The rights of a person in these groups: the union. Groups that are not configured give nothing. */
export function rightsOf({ groups }: GroupRights, names: readonly string[]): Rights {
  const all = names.flatMap((name) => groups.get(name) ?? []);
  const wanted = new Set(all.flatMap((each) => each.scopes));
  return { scopes: scopes.filter((scope) => wanted.has(scope)), grants: all.flatMap((each) => each.grants) };
}

/**
 * The configuration in a JSON text, such as
 * `{"claim": "groups", "groups": {"operators": {"scopes": ["read"], "grants": [{"entity": "Acme", "orgs": ["North"]}]}}}`.
 * A misspelled key must not leave a right out, or give more. So unknown keys are refused.
 * @throws GroupsError
 */
export function groupRightsOf(json: string): GroupRights {
  const { claim, groups } = keysOf(parsed(json), '', ['claim', 'groups']);
  if (typeof claim !== 'string' || !claim.trim()) throw new GroupsError('claim must be a text that is not empty.');
  const named = Object.entries(objectOf(groups, 'groups'));
  if (named.length === 0) throw new GroupsError('groups must have a group.');
  return { claim, groups: new Map(named.map(([name, rights]) => [name, groupOf(name, rights)])) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new GroupsError(`The text is no JSON. ${(error as Error).message}`.replace(/\s+/g, ' '));
  }
}

function groupOf(name: string, value: unknown): Rights {
  const at = `groups[${JSON.stringify(name)}]`;
  refuse(checkName('name', name), at);
  const { scopes: wanted, grants } = keysOf(value, at, ['scopes', 'grants']);
  const scopes = textsOf(wanted, `${at}.scopes`);
  refuse(checkScopes(scopes), `${at}.scopes`);
  if (!Array.isArray(grants) || grants.length === 0) throw new GroupsError(`${at}.grants must be a list of grants.`);
  return { scopes: scopes as Scope[], grants: grants.map((grant, i) => grantOf(grant, `${at}.grants[${i}]`)) };
}

function grantOf(value: unknown, at: string): NamedGrant {
  const { entity, orgs, allOrgs } = keysOf(value, at, ['entity'], ['orgs', 'allOrgs']);
  if (typeof entity !== 'string') throw new GroupsError(`${at}.entity must be the name of an entity.`);
  if (allOrgs !== undefined && allOrgs !== true) throw new GroupsError(`${at}.allOrgs must be true, or left out.`);
  if (allOrgs && orgs !== undefined) throw new GroupsError(`${at} has allOrgs and orgs; one of them is allowed.`);
  const grant = { entity, orgs: orgs === undefined ? [] : textsOf(orgs, `${at}.orgs`), allOrgs };
  refuse(checkGrant(grant), at);
  return grant;
}

function refuse(errors: readonly UserError[], at: string): void {
  if (errors.length > 0) throw new GroupsError(`${at} is wrong. ${errors.map(({ message }) => message).join(' ')}`);
}

function textsOf(value: unknown, at: string): string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw new GroupsError(`${at} must be a list of texts.`);
}

function objectOf(value: unknown, at: string): Record<string, unknown> {
  if (isObject(value)) return value;
  throw new GroupsError(`${at || 'The text'} must be an object.`);
}

/** The values of an object that has all of these keys, maybe some of the others, and no more. */
function keysOf(value: unknown, at: string, keys: readonly string[], others: readonly string[] = []) {
  const object = objectOf(value, at);
  const known = [...keys, ...others];
  const odd = Object.keys(object).find((key) => !known.includes(key));
  if (odd !== undefined) {
    throw new GroupsError(`${at || 'The text'} has the key ${JSON.stringify(odd)}; ${known.join(', ')} are allowed.`);
  }
  const missing = keys.find((key) => !Object.hasOwn(object, key));
  if (missing) throw new GroupsError(`${at || 'The text'} has no ${missing}.`);
  return object;
}
