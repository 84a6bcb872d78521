import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../src/config';
import { limits, standardLimits } from '../src/domain/limits';
import { linesOfChunk } from '../src/http/rest/import/file';
import { costOfLine } from '../src/http/rest/import/run';

const issuer = {
  JWT_ISSUER: 'https://issuer.example/',
  JWT_AUDIENCE: 'https://gateway.example',
  JWT_JWKS_URL: 'https://issuer.example/keys',
};
const together = 'JWT_ISSUER, JWT_AUDIENCE, JWT_JWKS_URL belong together.';
const url =
  'JWT_JWKS_URL must be an https:// URL without user and password. The scheme http:// is allowed only for a loopback host.';

test.each(['18.20.8', '20.18.3'])('Node.js %s is refused, with the version that is needed', (node) => {
  expect(() => readConfig({}, node)).toThrow(`This is Node.js ${node}; 20.19 or later is needed.`);
});

test.each(['20.19.0', '22.0.0', '24.11.1'])('Node.js %s will do', (node) => {
  expect(readConfig({}, node).port).toBe(4000);
});

describe('the issuer of outside tokens', () => {
  test('is none, or has a name, an audience and a place for its keys', () => {
    expect(readConfig({}).outside).toBeUndefined();
    expect(readConfig({ JWT_ISSUER: ' ', JWT_AUDIENCE: '' }).outside).toBeUndefined();
    expect(readConfig(issuer).outside).toEqual({
      ...{
        issuer: issuer.JWT_ISSUER,
        audience: issuer.JWT_AUDIENCE,
        jwksUrl: issuer.JWT_JWKS_URL,
        maxLifetime: 86_400,
      },
    });
  });

  test.each<[string, Record<string, string>, string]>([
    ['no audience', { JWT_AUDIENCE: '' }, `JWT_AUDIENCE must be set too: ${together}`],
    [
      'no name and no keys',
      { JWT_ISSUER: '', JWT_JWKS_URL: '' },
      `JWT_ISSUER and JWT_JWKS_URL must be set too: ${together}`,
    ],
    ['keys that are no URL', { JWT_JWKS_URL: 'keys' }, url],
    ['keys over plain HTTP', { JWT_JWKS_URL: 'http://issuer.example/keys' }, url],
    ['a name that looks like this machine', { JWT_JWKS_URL: 'http://127.0.0.1.issuer.example/keys' }, url],
    ['a password in the URL', { JWT_JWKS_URL: 'https://a:b@issuer.example/keys' }, url],
    ['a file', { JWT_JWKS_URL: 'file:///keys' }, url],
  ])('with %s stops the start with one line', (_what, more, line) => {
    expect(() => readConfig({ ...issuer, ...more })).toThrow(line);
  });

  test.each(['http://localhost:8080/keys', 'http://127.0.0.1/keys', 'http://[::1]:8080/keys'])(
    'may be on this machine: %s',
    (JWT_JWKS_URL) => {
      expect(readConfig({ ...issuer, JWT_JWKS_URL }).outside?.jwksUrl).toBe(JWT_JWKS_URL);
    },
  );
});

describe('the groups of people who sign in', () => {
  const operators = { scopes: ['read', 'fulfill'], grants: [{ entity: 'Acme', orgs: ['North'] }] };
  const of = (operators: unknown, more: object = {}) =>
    JSON.stringify({ claim: 'groups', groups: { operators }, ...more });
  const grantsOf = (...grants: unknown[]) => of({ ...operators, grants });

  test('are JSON, or the path of a file', () => {
    const expected = { claim: 'groups', groups: new Map([['operators', operators]]) };
    expect(readConfig({ ...issuer, JWT_GROUPS: of(operators) }).outside?.groups).toEqual(expected);
    const folder = mkdtempSync(path.join(tmpdir(), 'groups-'));
    try {
      const file = path.join(folder, 'groups.json');
      writeFileSync(file, of(operators));
      expect(readConfig({ ...issuer, JWT_GROUPS: file }).outside?.groups).toEqual(expected);
      writeFileSync(file, 'groups');
      expect(() => readConfig({ ...issuer, JWT_GROUPS: file })).toThrow('JWT_GROUPS is wrong. The text is no JSON. ');
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(readConfig({ ...issuer, JWT_GROUPS: ' ' }).outside).toEqual(readConfig(issuer).outside);
  });

  const all = of(operators);
  test.each<[string, string, string]>([
    ['neither JSON nor a path', 'operators', 'JWT_GROUPS must be JSON that begins with {, or the path of a file'],
    [
      'a file that is not there',
      './no-such.json',
      'JWT_GROUPS is the path ./no-such.json, which cannot be read. ENOENT',
    ],
    ['half of it', all.slice(0, -3), 'JWT_GROUPS is wrong. The text is no JSON. '],
    ['no claim', '{"groups":{}}', 'JWT_GROUPS is wrong. The text has no claim.'],
    ['a claim that is no text', of(operators, { claim: ['groups'] }), 'claim must be a text that is not empty.'],
    ['an empty claim', of(operators, { claim: ' ' }), 'claim must be a text that is not empty.'],
    ['no group', of(operators, { groups: {} }), 'groups must have a group.'],
    ['a list of groups', of(operators, { groups: [operators] }), 'groups must be an object.'],
    [
      'a group without a name',
      of(operators, { groups: { '': operators } }),
      'groups[""] is wrong. name must not be empty.',
    ],
    ['a nul byte', of(operators, { groups: { 'a\u0000': operators } }), 'is wrong. name must not contain control'],
    ['a group that is null', of(null), 'groups["operators"] must be an object.'],
    [
      'a key that does not exist',
      of({ ...operators, entities: [] }),
      'groups["operators"] has the key "entities"; scopes, grants are allowed.',
    ],
    [
      'a scope that does not exist',
      of({ ...operators, scopes: ['read', 'write'] }),
      'groups["operators"].scopes is wrong. There is no scope "write"; the scopes are read,',
    ],
    ['no scope', of({ ...operators, scopes: [] }), 'groups["operators"].scopes is wrong. A client needs a scope;'],
    ['scopes as one text', of({ ...operators, scopes: 'read' }), 'groups["operators"].scopes must be a list of texts.'],
    ['no grant', grantsOf(), 'groups["operators"].grants must be a list of grants.'],
    ['an entity that is no text', grantsOf({ entity: 7, orgs: ['North'] }), 'grants[0].entity must be the name of an'],
    ['an empty entity', grantsOf({ entity: '', orgs: ['North'] }), 'grants[0] is wrong. entity must not be empty.'],
    ['no org', grantsOf({ entity: 'Acme' }), 'grants[0] is wrong. Name an org, or grant all of them.'],
    [
      'an empty list of orgs',
      grantsOf({ entity: 'Acme', orgs: [] }),
      'grants[0] is wrong. Name an org, or grant all of them.',
    ],
    [
      'all orgs and one',
      grantsOf({ entity: 'Acme', orgs: ['North'], allOrgs: true }),
      'grants[0] has allOrgs and orgs;',
    ],
    ['all orgs by half', grantsOf({ entity: 'Acme', allOrgs: 'yes' }), 'grants[0].allOrgs must be true, or left out.'],
  ])('with %s stop the start with one line', (_what, JWT_GROUPS, line) => {
    expect(() => readConfig({ ...issuer, JWT_GROUPS })).toThrow(line);
    expect(() => readConfig({ ...issuer, JWT_GROUPS })).not.toThrow('\n');
  });

  test('need an issuer, and so does the client_id of the board', () => {
    expect(() => readConfig({ JWT_GROUPS: all })).toThrow('JWT_GROUPS needs JWT_ISSUER, whose tokens name the groups.');
    expect(() => readConfig({ BOARD_CLIENT_ID: 'board' })).toThrow('BOARD_CLIENT_ID needs JWT_ISSUER,');
    expect(readConfig({ ...issuer, BOARD_CLIENT_ID: 'board' }).boardSignIn).toEqual({
      ...{ issuer: issuer.JWT_ISSUER, clientId: 'board', resource: issuer.JWT_AUDIENCE },
      scope: 'openid profile read order fulfill edit-booked bill pay webhook admin',
    });
  });
});

describe('the proxies that are believed', () => {
  test.each(['10.0.0.1', '10.0.0.0/8', '2001:db8::/32, ::1', 'loopback,uniquelocal', 'linklocal'])(
    'may be %s',
    (text) => {
      expect(readConfig({ TRUST_PROXY: text }).trustProxy).toBe(text);
    },
  );

  test('are none from the start', () => {
    expect(readConfig({}).trustProxy).toBeUndefined();
  });

  test.each(['true', '1', '*', 'proxy.example', '0.0.0.0/0', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.1,', '::/129'])(
    'may not be %s, which would believe anybody or nobody',
    (text) => {
      expect(() => readConfig({ TRUST_PROXY: text })).toThrow(`TRUST_PROXY is "${text}"; IP addresses, ranges`);
    },
  );
});

describe('the origin that clients know', () => {
  test.each(['https://gateway.example.com', 'https://gateway.example.com:8443', 'http://127.0.0.1:4000'])(
    'may be %s',
    (text) => {
      expect(readConfig({ PUBLIC_URL: text }).publicUrl).toBe(text);
    },
  );

  test.each(['gateway.example.com', 'http://gateway.example.com', 'https://a.example/path', 'https://a.example/', '*'])(
    'may not be %s',
    (text) => {
      expect(() => readConfig({ PUBLIC_URL: text })).toThrow(`PUBLIC_URL is "${text}"; an origin such as`);
    },
  );
});

describe('the limits of a request', () => {
  test('are the standard ones where nothing is said', () => {
    expect(readConfig({}).limits).toEqual(standardLimits);
  });

  test.each(Object.entries(limits))('%s has a variable of its own, with bounds', (name, { variable, least, most }) => {
    // Both of those which go together, so that neither is in the way of the other.
    const set = (value: number) =>
      readConfig({ COST_PER_MINUTE: String(limits.costPerMinute.most), [variable]: String(value) });
    const small = { MAX_COST: String(limits.cost.least), MAX_TOKENS: String(limits.tokens.least) };
    const enough = String(limits.costPerMinute.most);
    const read = (value: number) =>
      readConfig({ ...small, ...(name !== 'costPerMinute' && { COST_PER_MINUTE: enough }), [variable]: String(value) });
    for (const value of [least, most]) expect(read(value).limits).toMatchObject({ [name]: value });
    for (const value of [least - 1, most + 1]) expect(() => set(value)).toThrow(`${variable} is "${value}"`);
  });

  test('let a client ask in a minute what it may ask at once', () => {
    expect(() => readConfig({ MAX_COST: '3000000', COST_PER_MINUTE: '2999999' })).toThrow(
      'COST_PER_MINUTE must be at least MAX_COST',
    );
    const read = (minute: string) => readConfig({ MAX_COST: '1000', MAX_TOKENS: '2000', COST_PER_MINUTE: minute });
    expect(() => read('999999')).toThrow('COST_PER_MINUTE must be at least 500 times MAX_TOKENS');
    expect(read('1000000').limits).toMatchObject({ costPerMinute: 1_000_000 });
  });

  test('let a minute pay for a chunk of an import: a later chunk waits until it can', () => {
    expect(linesOfChunk * costOfLine).toBe(limits.costPerMinute.least);
    expect(() => readConfig({ MAX_COST: '1000', COST_PER_MINUTE: '561999' })).toThrow('COST_PER_MINUTE is "561999"');
  });
});
describe('the origins whose pages may call the API', () => {
  test('are none from the start, a list, or all', () => {
    expect(readConfig({}).corsOrigins).toEqual([]);
    expect(readConfig({ CORS_ORIGINS: ' https://app.example.com , http://localhost:5173,' }).corsOrigins).toEqual([
      'https://app.example.com',
      'http://localhost:5173',
    ]);
    expect(readConfig({ CORS_ORIGINS: '*' }).corsOrigins).toEqual(['*']);
  });

  test.each([
    'app.example.com',
    'https://app.example.com/',
    'https://app.example.com/page',
    'https://App.example.com',
    'https://app.example.com:443',
    'https://*.example.com',
    'ftp://app.example.com',
    'null',
    '*, https://app.example.com',
  ])('are written as browsers send them: %s stops the start', (origins) => {
    expect(() => readConfig({ CORS_ORIGINS: origins })).toThrow(/^CORS_ORIGINS has ".*"; origins such as https:/);
  });
});

test('the graph is a subgraph of a federation only where that is said', () => {
  expect([{}, { FEDERATION: 'off' }, { FEDERATION: 'on' }].map((env) => readConfig(env).federation)).toEqual([
    ...[false, false, true],
  ]);
  expect(() => readConfig({ FEDERATION: 'yes' })).toThrow('FEDERATION is "yes"; on, off are allowed.');
});

test('time-outs of requests and replies, and HSTS, are whole numbers within bounds', () => {
  expect(readConfig({})).toMatchObject({ receiveTimeoutMs: 30_000, sendTimeoutMs: 20_000, hstsMaxAge: 0 });
  expect(readConfig({ SEND_TIMEOUT_MS: '1000', MAX_UNSENT_TOTAL: '1048576' })).toMatchObject({
    sendTimeoutMs: 1_000,
    maxUnsentTotal: 1_048_576,
  });
  expect(() => readConfig({ SEND_TIMEOUT_MS: '999' })).toThrow('SEND_TIMEOUT_MS');
  expect(() => readConfig({ MAX_UNSENT_TOTAL: '1 GB' })).toThrow('MAX_UNSENT_TOTAL');
  expect(readConfig({ RECEIVE_TIMEOUT_MS: '1000', HSTS_MAX_AGE: '31536000' })).toMatchObject({
    receiveTimeoutMs: 1_000,
    hstsMaxAge: 31_536_000,
  });
  expect(() => readConfig({ RECEIVE_TIMEOUT_MS: '0' })).toThrow('RECEIVE_TIMEOUT_MS');
  expect(() => readConfig({ HSTS_MAX_AGE: '1 year' })).toThrow('HSTS_MAX_AGE');
});
