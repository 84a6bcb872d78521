import { clientCommand } from '../../src/command/client';
import { scopes } from '../../src/domain/caller';
import { authenticateClient, grantsOf, grantsOfSubject } from '../../src/service/client';
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
    ['nothing', [], 'Say what to do: create, update, rotate, revoke, list.'],
    ['another word', ['delete'], '"delete" is not a command; create, update, rotate, revoke, list are allowed.'],
    [
      'a word of JavaScript',
      ['constructor'],
      '"constructor" is not a command; create, update, rotate, revoke, list are allowed.',
    ],
    ['no client', ['revoke'], 'Say which client: revoke <client_id>.'],
    ['two clients', ['revoke', 'a', 'b'], '"b" is not understood.'],
    ['a client to list', ['list', 'a'], '"a" is not understood.'],
    ['an option of something else', ['rotate', 'a', '--scopes', 'read'], 'rotate has no option --scopes.'],
    ['an unknown client', ['rotate', 'a'], 'There is no client a, or it was revoked.'],
    ['no change', ['update', 'a'], 'Say what to change.'],
    ['orgs of no entity', ['update', 'a', '--org', 'N'], '--entity is missing.'],
    ['an entity alone', ['update', 'a', '--entity', 'E'], '--org is missing.'],
    [
      'all and nothing',
      ['update', 'a', '--entity', 'E', '--all-orgs', '--no-orgs'],
      '--no-orgs and --all-orgs cannot be given together.',
    ],
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

  const create = async (...more: string[]) => {
    const { out } = await run(['create', '--entity', 'Acme', '--org', 'North', '--scopes', 'read', ...more]);
    const [clientId, secret] = [...out.matchAll(/(?:id|secret) +(\S+)/g)].map(([, value]) => value);
    return { clientId, secret };
  };

  test('rotates a secret, says which has ended, and drops the old ones at once where that is asked for', async () => {
    const { clientId, secret: first } = await create('--name', 'Rotated');
    const rotate = async (...more: string[]) => {
      const { status, out, err } = await run(['rotate', clientId, ...more]);
      expect([status, err]).toEqual([0, '']);
      const [, id, secret, ended] = /^client_id {6}(\S{36})\nclient_secret {2}(\S{40})((?:\n.*)*)$/.exec(out)!;
      expect(id).toBe(clientId);
      return { secret, ended: ended.split('\n').slice(1) };
    };
    const second = await rotate();
    expect(second.ended).toEqual([]);
    await authenticateClient(database.db.aside(), clientId, first);
    const third = await rotate();
    const minute = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC';
    const ended = new RegExp(
      `^This secret has ended, and its tokens end within seconds: [0-9a-f]{32}, made ${minute}, last used ${minute}\\.$`,
    );
    expect(third.ended).toEqual([expect.stringMatching(ended)]);
    const fourth = await rotate('--drop-old');
    expect(fourth.ended).toEqual(Array(2).fill(expect.stringMatching(/, never used\.$/)));
    const open = [first, second.secret, third.secret, fourth.secret].map((secret) =>
      authenticateClient(database.db.aside(), clientId, secret),
    );
    expect((await Promise.all(open)).map(Boolean)).toEqual([false, false, false, true]);
  });

  test('links a client to a subject without a secret, changes it, lists it and revokes it', async () => {
    const { clientId, secret } = await create('--subject', 'erp@clients', '--name', 'Linked');
    expect(secret).toBeUndefined();
    expect((await grantsOfSubject(database.db.aside(), 'erp@clients'))?.name).toBe('Linked');
    const changed = await run(
      `update ${clientId} --scopes read,bill --entity Globex --org East --all-orgs --no-subject`.split(' '),
    );
    expect(changed).toMatchObject({ status: 0, err: '' });
    expect((await run(['update', clientId, '--entity', 'Acme', '--no-orgs'])).status).toBe(0);
    expect(await grantsOf(database.db.aside(), clientId)).toMatchObject({
      ...{ scopes: new Set(['read', 'bill']), entities: [{ name: 'Globex' }] },
    });
    expect(await grantsOfSubject(database.db.aside(), 'erp@clients')).toBeUndefined();

    await run(['rotate', clientId]);
    const { out } = await run(['list']);
    const block = out.split('\n\n').find((text) => text.startsWith(clientId));
    const [, secretId] = /secret {3}(\S+),/.exec(block!)!;
    expect(block!.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'then').replace(secretId, '<id>')).toBe(
      `${clientId}  Linked\n  made     then UTC\n  scopes   read, bill\n  sees     Globex: all orgs\n  secret   <id>, made then UTC, never used`,
    );
    const revoked = await run(['revoke', clientId, '--secret', secretId]);
    expect([revoked.status, revoked.out]).toEqual([0, expect.stringContaining('Secrets that are left: none.')]);
    expect((await run(['revoke', clientId])).status).toBe(0);
    expect((await run(['list'])).out).not.toContain(clientId);
    expect((await run(['list', '--all'])).out).toMatch(new RegExp(`${clientId}  Linked\n  made .*, revoked .* UTC\n`));
    const again = await run(['revoke', clientId]);
    expect([again.status, again.err.split('\n')[0]]).toEqual([2, `There is no client ${clientId}, or it was revoked.`]);
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
    expect(unreachable.err).toMatch(/^The command failed: .*ECONNREFUSED.*$/);
  });
});
