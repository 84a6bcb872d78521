import { createClient } from '../../src/service/client';
import { billRunStatuses, reopenBillRun } from '../../src/store/billing-document';
import { hasCreditMemo, taxCodesInUse } from '../../src/store/billing-settings';
import { Scoped, type TenantScope } from '../../src/store/connection/connection';
import { Lease, transaction } from '../../src/store/connection/lease';
import { appRole, readerRole, systemRole } from '../../src/store/connection/roles';
import { HistoryEntryRow } from '../../src/store/history';
import { newId } from '../../src/store/id';
import { storeOutcome } from '../../src/store/idempotency';
import { keepChunk, takeImport } from '../../src/store/import';
import { openAttempts } from '../../src/store/payment-attempt';
import { insertRows } from '../../src/store/query/write';
import { StripeLedger } from '../../src/store/stripe';
import { type Chain, insertChain } from '../support/chain';
import { type TestDatabase, testDatabase } from '../support/database';
import { historyRow, tenant } from '../support/rows';
import { insertWebhook } from '../support/webhook-rows';

/*
 * The second wall by itself: statements without any condition of their own, and rows of every table that has tenants, in two
 * orgs each of two entities.
 */
let database: TestDatabase;
const places: { name: string; scope: TenantScope; chain: Chain }[] = [];

interface Secured {
  name: string;
  /** The columns that say whose a row is. */
  entity: string;
  org: string | null;
  orgs: boolean;
  key: string[];
}
/** Every table that says of which entity its rows are, as the catalog knows them: a new one is among them. */
let tables: Secured[];

beforeAll(async () => {
  database = await testDatabase();
  tables = await database.owner<Secured>(
    `select c.oid::regclass::text as name, case when c.relname = 'entity' then 'id' else 'entity_id' end as entity,
       case when c.relname = 'org' then 'id' when o.attname = 'org_id' then 'org_id' end as org, os.attname is not null as orgs,
       array(select attname::text from pg_index i join pg_attribute k on k.attrelid = c.oid and k.attnum = any(i.indkey)
         where i.indrelid = c.oid and i.indisprimary) as key
     from pg_class c left join pg_attribute e on e.attrelid = c.oid and e.attname = 'entity_id'
     left join pg_attribute o on o.attrelid = c.oid and o.attname = 'org_id'
     left join pg_attribute os on os.attrelid = c.oid and os.attname = 'org_ids'
     where c.relkind in ('r', 'p') and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
       and (e.attname is not null or c.relname = 'entity') order by 1`,
  );
  for (const entity of ['Acme', 'Globex']) {
    const { entityId, orgIds } = await tenant(database.raw, entity, ['North', 'South']);
    for (const [at, org] of ['North', 'South'].entries()) {
      const scope = { entityId, orgIds: [orgIds[at]] };
      const chain = await insertChain(database.raw, scope);
      const { account } = chain;
      const id = newId();
      await openAttempts(database.raw, [{ ...account, id, accountId: account.id, amount: '1', trackId: null }]);
      const ledger = new StripeLedger(database.db.side);
      await ledger.record({ entityId, id }, null);
      await ledger.keepMethod(entityId, id, { accountId: account.id, customerId: org });
      const outcome = { entityId, clientId: newId(), key: org, fingerprint: '', status: 200, headers: {}, body: '' };
      await storeOutcome(database.raw, outcome);
      const holder = newId();
      await takeImport(database.raw, outcome, holder, '');
      const chunk = { number: 0, digests: Buffer.alloc(0), outcome: '', fulfillmentIds: [] };
      await keepChunk(database.raw, outcome, holder, chunk);
      places.push({ name: `${entity} ${org}`, scope, chain });
    }
    const { clientId } = await createClient(database.db.aside(), {
      name: 'x',
      scopes: ['read'],
      grants: [{ entity, orgs: ['North', 'South'] }],
    });
    await insertWebhook(database, entityId, clientId);
    await database.owner("select note_write($1, $2, '')", [entityId, clientId]);
  }
}, 60_000);
afterAll(() => database.close());

/** What the application's role has no right to at all. */
const isClosed = ({ name }: Secured) => ['client_grant', 'client_write', 'webhook_secret'].includes(name);

/** Within a transaction of a scope that comes to nothing. */
async function within<T>(scope: TenantScope | undefined, act: (lease: Lease) => Promise<T>): Promise<T> {
  const lease = await Lease.take(database.db.writing);
  try {
    lease.begin(scope);
    if (!scope) await lease.control(`set local role ${appRole}`);
    return await act(lease);
  } finally {
    await lease.release();
  }
}
/** The code with which a statement is refused, or what it replies; the transaction goes on as before. */
async function tried(lease: Lease, text: string, values: unknown[] = []): Promise<unknown> {
  await lease.control('savepoint tried');
  try {
    return await lease.query(text, values);
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await lease.control('rollback to savepoint tried');
  }
}
const eachTable = async (act: (table: Secured) => Promise<unknown>) => {
  const found: unknown[] = [];
  for (const table of tables.filter((each) => !isClosed(each))) found.push([table.name, await act(table)]);
  return found;
};
const each = (value: unknown) => tables.filter((table) => !isClosed(table)).map(({ name }) => [name, value]);

/** The rows of a table that are whose, as the owner sees them. */
const rowsOf = ({ name, entity, org, orgs }: Secured, { entityId, orgIds }: TenantScope) =>
  database.owner<{ row: object }>(
    `select to_jsonb(t) as row from ${name} t where ${entity} = $1 and $2::uuid[] is not null
     ${org ? `and ${org} = any($2)` : orgs ? 'and org_ids <@ $2' : ''} order by row`,
    [entityId, orgIds],
  );

const north = () => places[0].scope;
/** Who is shown what: one org, all of an entity, orgs that are not of the entity, none. */
const scopes = (): TenantScope[] => {
  const [one, two, foreign] = places.map(({ scope }) => scope);
  return [
    ...places.map(({ scope }) => scope),
    { ...one, orgIds: [...one.orgIds, ...two.orgIds] },
    { ...one, orgIds: foreign.orgIds },
    { ...one, orgIds: [] },
  ];
};

describe('every table that has tenants', () => {
  test('has row security and a policy for each role that may use it', async () => {
    const found = await database.owner<{ name: string; secure: boolean; forced: boolean; policies: string[] }>(
      `select c.oid::regclass::text as name, relrowsecurity as secure, relforcerowsecurity as forced,
         array(select r.rolname::text || case when p.polcmd = 'r' then ' reads' else '' end from pg_policy p join pg_roles r on r.oid = any(p.polroles)
           where p.polrelid = c.oid and p.polpermissive order by 1) as policies
       from pg_class c where c.oid = any($1::regclass[]) order by 1`,
      [tables.map(({ name }) => name)],
    );
    expect(found.length).toBeGreaterThanOrEqual(24);
    for (const { name, secure, policies } of found) {
      const own = ['client_grant', 'client_write'].includes(name) ? [] : [appRole];
      expect([name, secure, policies]).toEqual([name, true, expect.arrayContaining([...own, `${readerRole} reads`])]);
    }
  });

  test('is told apart by its orgs too, where its rows say of which they are', async () => {
    const policies = await database.owner<{ name: string; shown: string; taken: string }>(
      `select polrelid::regclass::text as name, pg_get_expr(polqual, polrelid) as shown, pg_get_expr(polwithcheck, polrelid) as taken
       from pg_policy where polname = 'in_scope'`,
    );
    for (const { name, entity, org, orgs } of tables.filter((table) => !isClosed(table))) {
      const policy = policies.find((one) => one.name === name)!;
      expect([name, policy.taken]).toEqual([name, policy.shown]);
      expect(policy.shown).toContain(`${entity} = ( SELECT`);
      if (org) expect(policy.shown).toContain(`${org} = ANY (( SELECT`);
      if (orgs) expect(policy.shown).toContain('org_ids <@ ( SELECT');
    }
  });

  test('has rows in every place here, so that there is something to keep apart', async () => {
    for (const table of tables) {
      for (const { name, scope } of places) {
        expect([table.name, name, (await rowsOf(table, scope)).length]).toEqual([table.name, name, expect.any(Number)]);
        expect((await rowsOf(table, scope)).length).toBeGreaterThan(0);
      }
    }
  });
});

describe('in a transaction of a scope', () => {
  test('a statement without a condition is shown the rows of the scope and no other', async () => {
    for (const scope of scopes()) {
      await within(scope, (lease) =>
        eachTable(async (table) => {
          const seen = await lease.query(`select to_jsonb(t) as row from ${table.name} t order by row`);
          expect([table.name, seen]).toEqual([table.name, await rowsOf(table, scope)]);
        }),
      );
    }
  });

  test('it changes and removes the rows of the scope and no other', async () => {
    for (const scope of scopes()) {
      await within(scope, (lease) =>
        eachTable(async (table) => {
          if (['entity', 'org'].includes(table.name)) return;
          const own = (await rowsOf(table, scope)).length;
          const touched = await tried(
            lease,
            `update ${table.name} set ${table.key[0]} = ${table.key[0]} returning 1 as n`,
          );
          expect([table.name, (touched as object[]).length]).toEqual([table.name, own]);
          // Rows that others refer to stay; were they foreign, the reference would be what refuses.
          const removed = await tried(lease, `with gone as (delete from ${table.name} returning 1) select from gone`);
          if (removed !== '23503') expect([table.name, (removed as object[]).length]).toEqual([table.name, own]);
          else expect(own).toBeGreaterThan(0);
        }),
      );
    }
  });

  test('no row of another org or entity is written, be it whole or by moving one of its own', async () => {
    const [, south, foreign] = places;
    await within(north(), async (lease) => {
      for (const { scope } of [south, foreign]) {
        const inserted = await eachTable(async (table) => {
          if (scope.entityId === north().entityId && !table.org && !table.orgs) return '42501';
          const [{ row }] = await rowsOf(table, scope);
          return tried(
            lease,
            `insert into ${table.name} select * from jsonb_populate_record(null::${table.name}, $1)`,
            [JSON.stringify(row)],
          );
        });
        expect(inserted).toEqual(each('42501'));
      }
      const moved = await eachTable(({ name, entity }) =>
        tried(lease, `update ${name} set ${entity} = $1`, [foreign.scope.entityId]),
      );
      expect(moved).toEqual(each('42501'));
      for (const { scope } of [south, foreign]) {
        const given = await eachTable(({ name, org, orgs }) =>
          org
            ? tried(lease, `update ${name} set ${org} = $1`, [scope.orgIds[0]])
            : orgs
              ? tried(lease, `update ${name} set org_ids = org_ids || $1::uuid[]`, [scope.orgIds])
              : Promise.resolve('42501'),
        );
        expect(given).toEqual(each('42501'));
      }
    });
  });

  test('business numbers are given and references checked as ever', async () => {
    await within(north(), async (lease) => {
      const { account, order } = places[0].chain;
      const [{ number }] = await lease.query<{ number: string }>(
        "select business_number('O-', 'order', $1) as number",
        [north().entityId],
      );
      expect(number).toMatch(/^O-\d{8}$/);
      const to = (id: string) =>
        tried(lease, 'update orders set account_id = $1 where id = $2 returning 1 as n', [id, order.id]);
      expect(await to(account.id)).toEqual([{ n: 1 }]);
      expect([await to(newId()), await to(places[2].chain.account.id)]).toEqual(['23503', '23503']);
    });
  });

  test('what is asked beyond its rows is told for its own entity and orgs alone', async () => {
    const [acme, south, globex] = places;
    await database.owner("update order_line_item set tax_code = 'VAT ' || entity_id");
    const runs = places.map(({ chain }) => chain.run.id);
    const told = async (asked: TenantScope, within: TenantScope) =>
      transaction(database.db.writing, within, async (lease) => {
        const scoped = new Scoped(lease, asked);
        const codes = places.map(({ chain }) => `VAT ${dashed(chain.account.entityId)}`);
        return [
          (await taxCodesInUse(scoped, codes)).size,
          await hasCreditMemo(scoped),
          (await billRunStatuses(scoped, runs)).map(({ id }) => id),
          (await billRunStatuses(scoped, runs, true)).map(({ id }) => id),
        ];
      });
    expect(await told(acme.scope, acme.scope)).toEqual([1, true, [runs[0]], [runs[0]]]);
    for (const asked of [south, globex, places[3]]) {
      expect(await told(asked.scope, acme.scope)).toEqual([0, false, [], []]);
    }
    // A document of a run over both orgs: who sees one of them learns of the run what concerns the document.
    const { run, account } = acme.chain;
    const both = [...acme.scope.orgIds, ...south.scope.orgIds];
    await database.owner('update bill_run set org_ids = $1 where id = $2', [both, run.id]);
    await database.owner("update bill_run_chunk set status = 'Posted'");
    const after = { updatedDate: '2022-01-01', updatedById: newId() };
    const reopen = (asked: TenantScope, within: TenantScope) =>
      transaction(database.db.writing, within, (lease) =>
        reopenBillRun(new Scoped(lease, asked), run.id, account.id, after, 'again'),
      );
    const status = async () =>
      (await database.owner<{ status: string }>('select status::text from bill_run where id = $1', [run.id]))[0].status;
    await reopen(acme.scope, globex.scope);
    expect(await status()).toBe('Posted');
    const entries = () =>
      database.owner<{ org_ids: string[] }>(
        "select action, org_ids, track_id from history_entry where action = 'Reopen'",
      );
    expect(await entries()).toEqual([]);
    await reopen(acme.scope, acme.scope);
    expect(await status()).toBe('Completed');
    // The run is Completed by now: nothing happens again, and nothing is told again.
    await reopen(acme.scope, acme.scope);
    expect(await entries()).toEqual([{ action: 'Reopen', org_ids: both, track_id: 'again' }]);
    expect(await within(acme.scope, (lease) => lease.query('select id from bill_run where id = $1', [run.id]))).toEqual(
      [],
    );
    await database.owner('update bill_run set org_ids = $1 where id = $2', [acme.scope.orgIds, run.id]);
  });

  test('entries of the history are of one org, or of several and seen by who sees all of them, or of the whole entity', async () => {
    const [acme, south, globex] = places;
    const bothOrgs = [...acme.scope.orgIds, ...south.scope.orgIds];
    const of = (more: Partial<HistoryEntryRow>) => historyRow(acme.chain.fulfillment, { orgId: null, ...more });
    const kinds = {
      one: of({ orgId: acme.scope.orgIds[0] }),
      several: of({ orgIds: bothOrgs }),
      whole: of({ orgIds: [] }),
    };
    const rows = Object.values(kinds);
    const entity = { entityId: acme.scope.entityId, orgIds: bothOrgs };
    // The statement may name another scope than the transaction has: each wall holds by itself.
    const past = (asked: TenantScope, transaction: TenantScope, row: HistoryEntryRow) =>
      within(transaction, (lease) =>
        insertRows(new Scoped(lease, asked), HistoryEntryRow, [row])
          .then(() => lease.flush())
          .then(
            () => true,
            () => false,
          ),
      );
    const written = (scope: TenantScope, row: HistoryEntryRow) => past(scope, scope, row);
    const outcome = async (act: (row: HistoryEntryRow) => Promise<boolean>) => {
      const done: boolean[] = [];
      for (const row of rows) done.push(await act(row));
      return done;
    };
    expect(await outcome((row) => written(entity, row))).toEqual([true, true, true]);
    expect(await outcome((row) => written(acme.scope, row))).toEqual([true, false, true]);
    expect(await outcome((row) => written(south.scope, row))).toEqual([false, false, true]);
    expect(await outcome((row) => written(globex.scope, row))).toEqual([false, false, false]);
    expect(await outcome((row) => past(entity, acme.scope, row))).toEqual([true, false, true]);
    expect(await outcome((row) => past(entity, globex.scope, row))).toEqual([false, false, false]);

    await insertRows(new Scoped(database.raw, entity), HistoryEntryRow, rows);
    const seen = async (scope: TenantScope) => {
      const found = await within(scope, (lease) =>
        lease.query<{ id: string }>('select id from history_entry where id = any($1)', [rows.map(({ id }) => id)]),
      );
      const ids = found.map(({ id }) => id);
      return Object.keys(kinds).filter((kind) => ids.includes(kinds[kind as keyof typeof kinds].id));
    };
    expect(await seen(entity)).toEqual(['one', 'several', 'whole']);
    expect(await seen(acme.scope)).toEqual(['one', 'whole']);
    expect(await seen(south.scope)).toEqual(['whole']);
    expect(await seen(globex.scope)).toEqual([]);
    const neither = of({ orgIds: null });
    await expect(
      database.owner('update history_entry set org_id = null, org_ids = null where id = $1', [rows[0].id]),
    ).rejects.toThrow('history_entry_orgs');
    expect(await written(entity, neither)).toBe(false);
    await database.owner('delete from history_entry where id = any($1)', [rows.map(({ id }) => id)]);
  });

  test('scope ends with it', async () => {
    const lease = await Lease.take(database.db.writing);
    const state = async () =>
      (
        await lease.query(`select current_user::text as role, current_setting('gateway.entity', true) as entity,
          current_setting('gateway.orgs', true) as orgs`)
      )[0];
    try {
      lease.begin(north());
      expect(await state()).toEqual({
        role: appRole,
        entity: dashed(north().entityId),
        orgs: `{${north().orgIds.map(dashed)}}`,
      });
      await lease.commit();
      expect(await state()).toEqual({ role: appRole, entity: '', orgs: '' });
      for (const { name } of tables.filter((table) => !isClosed(table))) {
        expect(await lease.query(`select from ${name}`)).toEqual([]);
      }
    } finally {
      await lease.release();
    }
  });

  test('begins with nothing but ids', async () => {
    for (const id of ["' or true", '', `${newId()}},{${newId()}`]) {
      for (const scope of [
        { entityId: id, orgIds: [] },
        { entityId: newId(), orgIds: [newId(), id] },
      ]) {
        await expect(within(scope, (lease) => lease.query('select 1'))).rejects.toMatchObject({ code: '22P02' });
      }
    }
  });
});
const dashed = (id: string) => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

describe('without a scope', () => {
  test('nothing is seen and nothing is written', async () => {
    await within(undefined, async (lease) => {
      expect(await eachTable(({ name }) => lease.query(`select from ${name}`))).toEqual(each([]));
      const inserted = await eachTable(async (table) => {
        const [{ row }] = await rowsOf(table, north());
        return tried(lease, `insert into ${table.name} select * from jsonb_populate_record(null::${table.name}, $1)`, [
          JSON.stringify(row),
        ]);
      });
      expect(inserted).toEqual(each('42501'));
      const scoped = new Scoped(lease, north());
      expect(await billRunStatuses(scoped, [places[0].chain.run.id])).toEqual([]);
      expect(await hasCreditMemo(scoped)).toBe(false);
    });
  });

  test('the sessions of writes, payments, bill runs, settling and the test gateway are shown no row either', async () => {
    const { writing, paying, working, settling } = database.db;
    for (const pool of [writing.pool, paying.pool, working, settling.pool]) {
      for (const { name } of tables.filter((table) => !isClosed(table))) {
        expect((await pool.query(`select from ${name}`)).rows).toEqual([]);
      }
    }
  });
});

/** What a role may do with each table, by the initials of select, insert, update and delete. */
async function rightsOf(role: string): Promise<Record<string, string>> {
  const rows = await database.owner<{ name: string; rights: string }>(
    `select c.oid::regclass::text as name, array_to_string(array(select left(r, 1) from unnest(array['select', 'insert', 'update', 'delete']) r
       where has_table_privilege($1, c.oid, r) or r <> 'delete' and has_any_column_privilege($1, c.oid, r)), '') as rights
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname in ('public', 'test_gateway', 'number')`,
    [role],
  );
  return Object.fromEntries(rows.filter(({ rights }) => rights).map(({ name, rights }) => [name, rights]));
}

describe('the role that reads outside of transactions', () => {
  test('may read and nothing else, and no secret of a client', async () => {
    const rights = await rightsOf(readerRole);
    expect(new Set(Object.values(rights))).toEqual(new Set(['s']));
    const readable = tables.map(({ name }) => name).filter((name) => name !== 'webhook_secret');
    expect(Object.keys(rights)).toEqual(expect.arrayContaining(readable));
    expect(Object.keys(rights)).not.toContain('webhook_secret');
    expect(Object.keys(rights).filter((name) => name.startsWith('test_gateway'))).toEqual([]);
  });

  test('is what queries run under, on the primary', async () => {
    for (const { name, key } of tables) {
      const reads = database.db.reads();
      for (const text of [
        `update ${name} set ${key[0]} = ${key[0]}`,
        `delete from ${name}`,
        `insert into ${name} default values`,
      ]) {
        await expect(reads.query(text)).rejects.toMatchObject({ code: '42501' });
      }
    }
    await expect(database.db.reads().query("select nextval('number.order_x')")).rejects.toMatchObject({
      code: '42501',
    });
    await expect(database.db.reads().query('select hash from client_secret')).rejects.toMatchObject({ code: '42501' });
  });
});

describe('the role for what belongs to no tenant alone', () => {
  test('may do with clients what identity does, and otherwise find what waits', async () => {
    expect(await rightsOf(systemRole)).toEqual({
      ...{ entity: 'si', org: 'si', client: 'siud', client_secret: 'siud', client_grant: 'siud' },
      ...{ registered_document: 'siud', unknown_document: 'siud' },
      ...{ bill_run: 's', bill_run_chunk: 's', payment_attempt: 's', refund: 's', idempotency_outcome: 'sud' },
      ...{ fulfillment_import: 'sd', fulfillment_import_chunk: 'sd' },
      ...{ gateway_process: 'siud', client_rate: 'siud', client_subscription: 'siud' },
      ...{ client_day: 'siud', client_document_use: 'siud' },
      ...{ webhook_endpoint: 's', webhook_secret: 's', webhook_delivery: 'sud', history_entry: 's', event_epoch: 's' },
    });
  });

  test('sees of attempts and refunds whose they are, and forgets no outcome before its time', async () => {
    const aside = database.db.aside();
    for (const text of [
      'select amount from payment_attempt',
      'select taken from refund',
      'select body from idempotency_outcome',
      'select fingerprint from fulfillment_import',
      'select outcome from fulfillment_import_chunk',
      'select changes from history_entry',
      'update webhook_delivery set entry_id = null',
    ]) {
      await expect(aside.query(text)).rejects.toMatchObject({ code: '42501' });
    }
    await database.owner(
      "update idempotency_outcome set created_date = now() - interval '25 hours' where key = 'North'",
    );
    await aside.query('delete from idempotency_outcome');
    const left = await database.owner<{ key: string }>('select key from idempotency_outcome');
    expect(left.map(({ key }) => key)).toEqual(['South', 'South']);
  });
});

test('what runs with the rights of the owner looks into a temporary schema last', async () => {
  const functions = await database.owner<{ name: string; settings: string[] }>(
    "select oid::regprocedure::text as name, proconfig as settings from pg_proc where pronamespace = 'public'::regnamespace and prosecdef",
  );
  expect(functions.length).toBeGreaterThan(5);
  for (const { name, settings } of functions) {
    expect([name, settings]).toEqual([name, ['search_path=pg_catalog, public, pg_temp']]);
  }
});
