import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../src/config';
import { keysById, openPayments } from '../src/payments';
import { type TestDatabase, testDatabase } from './support/database';
import { tenant } from './support/rows';

const key = 'sk_test_0000000001';
const live = 'rk_live_0000000001';
const stripe = { PAYMENT_GATEWAY: 'stripe', DATABASE_URL: 'postgres://localhost/gateway' };
const production = { NODE_ENV: 'production', JWT_SIGNING_KEY: 'Nw3lXRyGFDqL1B2zq0vC9yS5sKcJ7tUe' };

describe('the configuration of payments', () => {
  test('is the test gateway, or Stripe with a key for all entities, or keys of some', () => {
    expect(readConfig({}).stripe).toBeUndefined();
    expect(readConfig({ PAYMENT_GATEWAY: 'test' }).stripe).toBeUndefined();
    expect(readConfig({ ...stripe, STRIPE_SECRET_KEY: key }).stripe).toEqual({ key, entityKeys: new Map() });
    expect(readConfig({ ...stripe, STRIPE_SECRET_KEY_ACME: key, STRIPE_SECRET_KEY_X: ' ' }).stripe).toEqual({
      entityKeys: new Map([['ACME', key]]),
    });
    expect(readConfig({ ...stripe, ...production, STRIPE_SECRET_KEY: live }).stripe).toMatchObject({ key: live });
  });

  test('takes a key from a file', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'key-'));
    const file = path.join(folder, 'key');
    writeFileSync(file, `${key}\n`);
    expect(readConfig({ ...stripe, STRIPE_SECRET_KEY: file }).stripe!.key).toBe(key);
    rmSync(folder, { recursive: true });
    expect(() => readConfig({ ...stripe, STRIPE_SECRET_KEY: file })).toThrow('cannot be read');
  });

  test.each<[string, Record<string, string>, string]>([
    ['another provider', { PAYMENT_GATEWAY: 'paypal' }, 'PAYMENT_GATEWAY is "paypal"; test, stripe are allowed.'],
    ['no key', {}, 'PAYMENT_GATEWAY=stripe needs STRIPE_SECRET_KEY, or STRIPE_SECRET_KEY_<entity>'],
    ['no database of its own', { STRIPE_SECRET_KEY: key, DATABASE_URL: '' }, 'needs DATABASE_URL: demo data'],
    ['a key that nobody uses', { STRIPE_SECRET_KEY_ACME: key, PAYMENT_GATEWAY: '' }, 'STRIPE_SECRET_KEY_ACME needs'],
    ['a publishable key', { STRIPE_SECRET_KEY: 'pk_test_0000000001' }, 'must be a secret or restricted key'],
    ['a live key in a test', { STRIPE_SECRET_KEY: live }, 'is a live key, which needs NODE_ENV=production'],
    ['an unsafe address', { STRIPE_SECRET_KEY: key, STRIPE_API_URL: 'http://example.com' }, 'STRIPE_API_URL must be'],
    ['a path', { STRIPE_SECRET_KEY: key, STRIPE_API_URL: 'https://example.com/v1' }, 'STRIPE_API_URL must be'],
    ['an address alone', { STRIPE_API_URL: 'https://example.com', PAYMENT_GATEWAY: '' }, 'STRIPE_API_URL needs'],
  ])('with %s stops the start, and shows no key', (_what, more, line) => {
    const start = () => readConfig({ ...stripe, ...more });
    expect(start).toThrow(line);
    try {
      start();
    } catch (error) {
      expect((error as Error).message).not.toMatch(/0000000001/);
    }
  });
});

describe('keys of entities', () => {
  const entities = ['Acme GmbH', 'Globex', 'Acme-GmbH'].map((name, at) => ({ id: `${at}`.repeat(32), name }));
  const by = (...suffixes: string[]) => [
    ...keysById(new Map(suffixes.map((suffix) => [suffix, suffix])), entities).keys(),
  ];

  test('name the entity by id or name, whatever the case', () => {
    expect(by('GLOBEX', '0'.repeat(32))).toEqual(['1'.repeat(32), '0'.repeat(32)]);
    expect(by('globex')).toEqual(['1'.repeat(32)]);
  });

  test.each([
    [['INITECH'], 'STRIPE_SECRET_KEY_INITECH names no entity by id or name. It must exist first.'],
    [['ACME_GMBH'], 'STRIPE_SECRET_KEY_ACME_GMBH names 2 entities. Use the id.'],
    [['GLOBEX', '1'.repeat(32)], 'is a second key of the entity Globex.'],
    [[''], 'STRIPE_SECRET_KEY_ names no entity'],
  ])('are refused for %j', (suffixes, line) => {
    expect(() => by(...suffixes)).toThrow(line);
  });
});

describe('payments that are opened', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  }, 60_000);
  afterAll(() => database.close());

  test('go to the account of the entity, and say which accounts take no real money', async () => {
    const { entityId } = await tenant(database.raw, 'Acme GmbH');
    const open = (more: Record<string, string>) =>
      openPayments(readConfig({ ...stripe, ...production, ...more }), { url: database.url }, database.db.reads());
    const payments = await open({ STRIPE_SECRET_KEY: live, STRIPE_SECRET_KEY_ACME_GMBH: key });
    expect([payments.gateway.provider, payments.unreal]).toEqual(['stripe', [`stripe ${entityId}`]]);
    await payments.close();
    await expect(open({ STRIPE_SECRET_KEY_NOBODY: key })).rejects.toThrow('names no entity');
    const test = await open({ PAYMENT_GATEWAY: 'test' });
    expect([test.gateway.provider, test.unreal]).toEqual(['test', ['all']]);
    await test.close();
  });
});
