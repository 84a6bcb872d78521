import { clientCommand } from '../../src/command/client';
import { scopes } from '../../src/domain/caller';
import { authenticateClient } from '../../src/service/client';
import { type TestDatabase, testDatabase } from '../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
}, 60_000);
afterAll(() => database.close());

describe('the client command', () => {
  async function run(args: string[], env: Record<string, string> = { DATABASE_URL: database.url }) {
    const output = { out: '', err: '' };
    const status = await clientCommand(args, env, {
      out: (text) => {
        output.out += text;
      },
      err: (text) => {
        output.err += text;
      },
    });
    return { status, ...output };
  }

  test('creates what is missing and prints credentials that sign in', async () => {
    const args = 'create --entity Acme --org North --org South --scopes read,fulfill --name ERP --all-orgs'.split(' ');
    const { status, out, err } = await run(args);
    expect([status, err]).toEqual([0, '']);
    const [, clientId, secret] = /^client_id {6}(\S{36})\nclient_secret {2}(\S{40})$/.exec(out) ?? [];
    expect(await authenticateClient(database.db.aside(), clientId, secret)).toMatchObject({
      name: 'ERP',
      scopes: new Set(['read', 'fulfill']),
      entities: [{ name: 'Acme', orgs: [{ name: 'North' }, { name: 'South' }] }],
    });
    expect(await database.owner('select org_id from client_grant where client_id = $1', [clientId])).toEqual([
      { org_id: null },
    ]);
  });

  test.each([
    ['nothing', [], 'Say what to do: create.'],
    ['another word', ['delete'], '"delete" is not create.'],
    ['no entity', ['create', '--org', 'N', '--scopes', 'read'], '--entity is missing.'],
    ['no org', ['create', '--entity', 'E', '--scopes', 'read'], '--org is missing.'],
    ['no scopes', ['create', '--entity', 'E', '--org', 'N'], '--scopes is missing.'],
    [
      'a wrong scope',
      ['create', '--entity', 'E', '--org', 'N', '--scopes', 'red'],
      `There is no scope "red"; the scopes are ${scopes.join(', ')}.`,
    ],
  ])('answers %s with one line, the usage and exit status 2', async (_name, args, line) => {
    const { status, out, err } = await run(args);
    expect([status, out]).toEqual([2, '']);
    expect(err.startsWith(`${line}\n\nUsage: npm run client -- create`)).toBe(true);
  });

  test('answers an unknown option with exit status 2', async () => {
    const { status, err } = await run(['create', '--tenant', 'E']);
    expect(status).toBe(2);
    expect(err).toContain("Unknown option '--tenant'");
  });

  test('says in one line which setting is wrong, or that the database cannot be reached', async () => {
    const args = ['create', '--entity', 'E', '--org', 'N', '--scopes', 'read'];
    const setting = await run(args, { DATABASE_URL: 'mysql://localhost' });
    expect(setting).toEqual({ status: 1, out: '', err: 'DATABASE_URL must begin with postgres:// or postgresql://.' });
    const unreachable = await run(args, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    expect(unreachable.status).toBe(1);
    expect(unreachable.err).toMatch(/^The client could not be created: .*ECONNREFUSED.*$/);
  });
});
