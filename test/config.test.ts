import { readConfig } from '../src/config';

const issuer = {
  JWT_ISSUER: 'https://issuer.example/',
  JWT_AUDIENCE: 'https://gateway.example',
  JWT_JWKS_URL: 'https://issuer.example/keys',
};
const together = 'JWT_ISSUER, JWT_AUDIENCE, JWT_JWKS_URL belong together.';
const url = 'JWT_JWKS_URL must be an https:// URL without user and password; http:// only on this machine.';

describe('the issuer of outside tokens', () => {
  test('is none, or has a name, an audience and a place for its keys', () => {
    expect(readConfig({}).outside).toBeUndefined();
    expect(readConfig({ JWT_ISSUER: ' ', JWT_AUDIENCE: '' }).outside).toBeUndefined();
    expect(readConfig(issuer).outside).toEqual({
      ...{ issuer: issuer.JWT_ISSUER, audience: issuer.JWT_AUDIENCE, jwksUrl: issuer.JWT_JWKS_URL },
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
