import { RequestError } from '../../../src/domain/errors';
import { type IssuerKey, IssuerKeys, type IssuerKeysOptions } from '../../../src/http/auth/issuer-keys';
import { Issuer, jwkOf, type SigningKey, signingKey } from '../../support/issuer';

/* Against a real server. A cooldown or freshness of 0 has always passed, one of a minute never. */
const [one, two] = [signingKey('one'), signingKey('two', 'RS256')];
const minute = 60_000;
const pem = ({ publicKey }: SigningKey) => publicKey.export({ type: 'spki', format: 'pem' });

let issuer: Issuer;
let failures: unknown[];
beforeEach(async () => {
  issuer = await Issuer.start(one);
  failures = [];
});
afterEach(() => issuer.down());

const keysOf = (more: Partial<IssuerKeysOptions> = {}) =>
  new IssuerKeys<IssuerKey>(
    { jwksUrl: issuer.jwksUrl, cooldownMs: 0, ...more, onFailure: (error) => failures.push(error) },
    (key) => key,
  );
const outage = (found: Promise<unknown>) => expect(found).rejects.toMatchObject({ code: 'UNAVAILABLE' });

describe('the keys of an issuer', () => {
  test('are asked for once, however many requests want one, and not again while they are fresh', async () => {
    const keys = keysOf({ cooldownMs: minute });
    const found = await Promise.all(Array.from({ length: 20 }, () => keys.find('one')));
    expect(found.map((key) => key?.pem)).toEqual(Array(20).fill(pem(one)));
    await keys.find('one');
    expect(issuer.asked).toBe(1);
  });

  test('are asked for anew when one is unknown: a key that has come since is found', async () => {
    const keys = keysOf();
    expect(await keys.find('two')).toBeUndefined();
    issuer.keys.push(jwkOf(two));
    expect(await keys.find('two')).toMatchObject({ pem: pem(two), algorithms: ['RS256'] });
    expect(issuer.asked).toBe(2);
  });

  test('are not asked for again within the cooldown, whatever keys are named', async () => {
    const keys = keysOf({ cooldownMs: minute });
    for (let i = 0; i < 50; i++) expect(await keys.find(`made up ${i}`)).toBeUndefined();
    expect((await keys.find('one'))?.algorithms).toEqual(['ES256']);
    expect(issuer.asked).toBe(1);
  });

  test('end once the issuer has withdrawn them and they are not fresh any more', async () => {
    const keys = keysOf({ freshMs: 0 });
    expect(await keys.find('one')).toBeDefined();
    issuer.keys = [jwkOf(two)];
    expect(await keys.find('one')).toBeUndefined();
    expect(await keys.find('two')).toBeDefined();
    issuer.keys = [];
    expect(await keys.find('two')).toBeUndefined();
    expect(failures).toEqual([]);
  });

  test('that are known stay while the issuer is down; for an unknown one that is an outage, until it is back', async () => {
    const keys = keysOf({ freshMs: 0 });
    await keys.find('one');
    await issuer.down();
    for (let i = 0; i < 3; i++) {
      expect(await keys.find('one')).toBeDefined();
      await outage(keys.find('two'));
    }
    expect(failures.length).toBeGreaterThan(0);
    issuer.keys.push(jwkOf(two));
    await issuer.up();
    expect(await keys.find('two')).toBeDefined();
    expect(await keys.find('three')).toBeUndefined();
  });

  test('make an outage for all while none is known, and the issuer is spared within the cooldown', async () => {
    issuer.answer = (_request, response) => response.writeHead(500).end('{"keys":[]}');
    const keys = keysOf({ cooldownMs: minute });
    for (let i = 0; i < 10; i++) await outage(keys.find('one'));
    expect([issuer.asked, failures.length]).toEqual([1, 1]);
    await expect(keys.find('one')).rejects.toBeInstanceOf(RequestError);
  });

  test('that are known are not waited for while the issuer hangs: after one time-out they are used as they are', async () => {
    const keys = keysOf({ freshMs: 0, timeoutMs: 300 });
    await keys.find('one');
    issuer.answer = () => {};
    expect(await keys.find('one')).toBeDefined();
    expect(failures).toHaveLength(1);
    for (let i = 0; i < 20; i++) expect(await keys.find('one')).toBeDefined();
    // None of the twenty has waited for the next time-out.
    expect(failures).toHaveLength(1);
    await outage(keys.find('two'));
  });

  test.each<[string, Issuer['answer']]>([
    ['no JSON', (_request, response) => response.end('<html>')],
    ['no key set', (_request, response) => response.end('{"key":"none"}')],
    ['null', (_request, response) => response.end('null')],
    ['an error', (_request, response) => response.writeHead(404).end('{"keys":[]}')],
    ['too much', (_request, response) => response.end(`{"keys":[],"more":"${'x'.repeat(300_000)}"}`)],
    [
      'a redirect',
      (request, response) =>
        request.url === '/keys' ? response.writeHead(302, { location: '/' }).end() : response.end('{"keys":[]}'),
    ],
    ['less than it says', (_request, response) => void response.writeHead(200, { 'content-length': '100' }).write('{')],
    ['a body without end', (_request, response) => void response.write('{"keys":[],')],
  ])('stay as they were where the issuer answers with %s', async (_what, answer) => {
    const keys = keysOf({ freshMs: 0, timeoutMs: 300 });
    await keys.find('one');
    issuer.answer = answer;
    expect(await keys.find('one')).toBeDefined();
    await outage(keys.find('two'));
    expect(failures).not.toEqual([]);
  });

  test('are those that sign, of kinds and sizes that are safe; others in the set are left out and do no harm', async () => {
    const jwk = jwkOf(two);
    const secret = { kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'symmetric', alg: 'HS256' };
    issuer.keys = [
      ...([null, 'text', {}, { kid: 'nothing' }, secret, { ...jwk, kid: 7 }] as Record<string, unknown>[]),
      ...[
        { ...jwk, kid: 'encrypts', use: 'enc' },
        { ...jwk, kid: 'wraps', key_ops: ['wrapKey'] },
      ],
      ...[
        { ...jwk, kid: 'hmac', alg: 'HS256' },
        { ...jwk, kid: 'none', alg: 'none' },
      ],
      { ...jwk, kid: 'broken', n: undefined },
      jwkOf(signingKey('short', 'RS256', 1024)),
      ...[jwk, { ...jwkOf(one), kid: 'two' }, { ...jwk, kid: 'any', alg: undefined, use: undefined }],
      ...[jwkOf(signingKey('384', 'ES384')), jwkOf(signingKey('ed', 'EdDSA'))],
    ];
    const keys = keysOf({ cooldownMs: minute });
    const wrong = ['symmetric', 'encrypts', 'wraps', 'hmac', 'none', 'broken', 'short', 'nothing'];
    for (const kid of wrong) expect([kid, await keys.find(kid)]).toEqual([kid, undefined]);
    expect(await keys.find('two')).toEqual({ pem: pem(two), algorithms: ['RS256'] });
    expect((await keys.find('any'))?.algorithms).toEqual(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);
    expect((await keys.find('384'))?.algorithms).toEqual(['ES384']);
    expect((await keys.find('ed'))?.algorithms).toEqual(['EdDSA']);
  });
});
