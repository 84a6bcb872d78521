import { groupRightsOf } from '../../../src/http/auth/group-rights';
import { personClaims } from '../../../src/http/auth/person-claims';

/* What is read from the claims of a verified token. What becomes of it is in people.test.ts. */
const operators = { scopes: ['read'], grants: [{ entity: 'Acme', allOrgs: true }] };
const rights = (claim = 'groups') => groupRightsOf(JSON.stringify({ claim, groups: { operators, clerks: operators } }));

describe('the name of a person', () => {
  const named = (claims: object) => personClaims(claims, 'person-1', rights()).name;

  test.each<[string, object, string]>([
    ['is the claim name', { name: 'Ada', preferred_username: 'ada1' }, 'Ada'],
    ['is otherwise preferred_username', { name: '  ', preferred_username: 'ada1', email: 'a@b.example' }, 'ada1'],
    ['is otherwise email', { name: 7, preferred_username: null, email: 'a@b.example' }, 'a@b.example'],
    ['is otherwise the subject', { name: ['Ada'] }, 'person-1'],
    ['has no line ends and control characters', { name: 'Ada\r\n\u0000\u001b[31m Martin\u2028' }, 'Ada [31m Martin'],
    ['does not turn the direction of text', { name: 'Ada \u202enitraM\u2066' }, 'Ada nitraM'],
    ['has no character that a text field refuses', { name: 'Ada \u{1f600}\ud800 Martin' }, 'Ada Martin'],
    ['keeps letters of every alphabet', { name: 'Jürgen 山田 Ωmega' }, 'Jürgen 山田 Ωmega'],
    ['is not blank', { name: '\u200b\u200d', preferred_username: '\u0000' }, 'person-1'],
    ['of 10 KB is cut off at 255 characters', { name: `${'Ada '.repeat(2_500)}` }, 'Ada '.repeat(64).trim()],
  ])('%s', (_what, claims, name) => {
    expect(named(claims)).toBe(name);
  });
});

describe('the claim that lists groups', () => {
  test.each<[string, string, object]>([
    ['of a path, as Keycloak writes roles,', 'realm_access.roles', { realm_access: { roles: ['operators'] } }],
    ['whose name is an address', 'https://example.com/groups', { 'https://example.com/groups': ['operators'] }],
    ['whose name has dots, before a path,', 'a.b', { 'a.b': ['operators'], a: { b: ['clerks'] } }],
  ])('%s is found', (_what, claim, claims) => {
    expect(personClaims(claims, 'person-1', rights(claim))).toMatchObject({ groups: ['operators'] });
  });

  test.each<[string, string, object]>([
    ['of a path that ends in a text', 'a.b.c', { a: { b: 'c' } }],
    ['of a path that every object has', 'constructor.prototype', {}],
  ])('%s gives no groups', (_what, claim, claims) => {
    const { groups, lack } = personClaims(claims, 'person-1', rights(claim));
    expect([groups, lack]).toEqual([[], expect.any(String)]);
  });

  test('of 200,000 groups keeps those that have rights, once each and sorted', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => `g${i}`);
    const began = performance.now();
    const { groups } = personClaims({ groups: ['operators', ...many, 'clerks', 'operators'] }, 'person-1', rights());
    expect(groups).toEqual(['clerks', 'operators']);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
