import { numberPrefixes, shownNumber } from '../../../src/domain/key';
import { AccountRow } from '../../../src/store/account';
import { Connection, Scoped } from '../../../src/store/connection/connection';
import { FulfillmentRow } from '../../../src/store/fulfillment';
import { newId } from '../../../src/store/id';
import { OrderLineItemRow } from '../../../src/store/order-line-item';
import { tableOf } from '../../../src/store/query/table';
import {
  deleteRows,
  insertChosenRows,
  insertNumberedRows,
  insertRows,
  type Numbering,
  NumberTaken,
  rowsBy,
  updateRows,
} from '../../../src/store/query/write';
import { type Chain, classes, insertChain } from '../../support/chain';
import { type TestDatabase, testDatabase } from '../../support/database';
import { accountRow, fulfillmentRow, instant, tenant } from '../../support/rows';

let database: TestDatabase;
/** Acme's North, Acme as a whole with its South, and another entity. */
let north: Scoped;
let whole: Scoped;
let other: Scoped;
let chain: Chain;

beforeAll(async () => {
  database = await testDatabase();
  const reads = database.raw;
  whole = new Scoped(reads, await tenant(reads, 'Acme', ['North', 'South']));
  north = new Scoped(reads, { ...whole.scope, orgIds: [whole.scope.orgIds[0]] });
  other = new Scoped(reads, await tenant(reads, 'Globex'));
  chain = await insertChain(reads, north.scope);
}, 60_000);
afterAll(() => database.close());

const byId = <R extends { id: string }>(row: new () => R, ids: string[], scoped = whole) =>
  rowsBy<R>(scoped, row as never, 'id', ids);
const inSouth = (more: Partial<AccountRow> = {}) =>
  accountRow({ ...whole.scope, orgIds: [whole.scope.orgIds[1]] }, more);

/** What is left of an effect that is rolled back when it fails, as every unit of work is. */
async function attempt(effect: (scoped: Scoped) => Promise<unknown>, scope = north.scope): Promise<unknown> {
  const client = await database.pool.connect();
  const connection = new Connection(client);
  try {
    await connection.control('begin');
    await effect(new Scoped(connection, scope));
    await connection.control('commit');
    return undefined;
  } catch (error) {
    await connection.control('rollback');
    return error;
  } finally {
    client.release();
  }
}

describe('inserting rows', () => {
  test('takes one statement, however many there are, and none for none', async () => {
    const { counter } = north.connection;
    const before = counter.statements;
    const rows = Array.from({ length: 500 }, () => fulfillmentRow(chain.line));
    await insertRows(north, FulfillmentRow, rows);
    expect(counter.statements - before).toBe(1);
    expect(
      await byId(
        FulfillmentRow,
        rows.map((row) => row.id),
      ),
    ).toHaveLength(500);
    await insertRows(north, FulfillmentRow, []);
    await updateRows(north, FulfillmentRow, [], ['carrier']);
    expect(counter.statements - before).toBe(2);
  });

  test.each(Object.keys(classes) as (keyof Chain)[])(
    'writes every column of a %s as it is read again',
    async (kind) => {
      const [read] = await rowsBy<Chain[typeof kind]>(whole, classes[kind] as never, 'id', [chain[kind].id]);
      expect(read).toEqual(chain[kind]);
      expect(Object.keys(chain[kind]).sort()).toEqual(Object.keys(tableOf(classes[kind]).columns).sort());
    },
  );

  test('keeps custom fields and texts to the letter, and tells null from an empty object', async () => {
    const customFields = {
      quote__c: `"it's" \\ \\n {}[],$1 %s`,
      unicode__c: 'Grüße 東京 \u0001 \u2028',
      number__c: 0.1,
      large__c: 123456789012345,
      empty__c: '',
      none__c: null,
      yes__c: true,
    };
    const texts = { description: 'a\n"b"\t\\', carrier: "O'Neill", trackingNumber: '', externalId: 'null' };
    const rows = [
      fulfillmentRow(chain.line, { customFields, ...texts }),
      fulfillmentRow(chain.line, { customFields: {} }),
      fulfillmentRow(chain.line),
    ];
    await insertRows(north, FulfillmentRow, rows);
    const read = await byId(
      FulfillmentRow,
      rows.map((row) => row.id),
    );
    expect(new Set(read)).toEqual(new Set(rows));
    const nulls = await database.owner<{ id: string }>(
      'select id from fulfillment where custom_fields is null and id = any($1)',
      [rows.map((row) => row.id)],
    );
    expect(nulls).toEqual([{ id: rows[2].id }]);
  });

  test('keeps decimals exact and instants to the millisecond', async () => {
    const exact = {
      quantity: '9999999999999.999999999',
      amount: '0.000000001',
      updatedDate: '2022-06-30T23:59:59.999Z',
    };
    const row = fulfillmentRow(chain.line, exact);
    await insertRows(north, FulfillmentRow, [row]);
    expect(await byId(FulfillmentRow, [row.id])).toEqual([row]);
  });

  test('outside of the scope fails the whole unit: another org, another entity', async () => {
    for (const foreign of [inSouth(), accountRow(other.scope)]) {
      const own = accountRow(north.scope);
      const error = await attempt((scoped) => insertRows(scoped, AccountRow, [own, foreign]));
      expect(error).toMatchObject({ message: '1 rows of account are gone or out of scope' });
      expect(await database.owner('select from account where id = any($1)', [[own.id, foreign.id]])).toEqual([]);
    }
  });
});

describe('inserting rows whose numbers nobody chooses', () => {
  const unnumbered = () => fulfillmentRow(chain.line, { fulfillmentNumber: null as unknown as string });
  const numbers = (rows: readonly FulfillmentRow[]) => rows.map((row) => shownNumber(row.fulfillmentNumber));
  const insert = (rows: FulfillmentRow[], scoped = north, dryRun: number | null = null) =>
    insertNumberedRows<FulfillmentRow>(scoped, FulfillmentRow, rows, {
      kind: 'fulfillment',
      column: 'fulfillmentNumber',
      dryRun,
    });
  // Behind the numbers that other rows of these tests bring along.
  beforeAll(() => database.owner(`select setval('number.fulfillment_${north.scope.entityId}', 5000000)`));

  test('gives the rows the next numbers in their order, whatever the order of their ids, in one statement', async () => {
    const { counter } = north.connection;
    const before = counter.statements;
    const rows = Array.from({ length: 200 }, unnumbered).reverse();
    await insert(rows);
    expect(counter.statements - before).toBe(1);
    const first = Number(rows[0].fulfillmentNumber.slice(2));
    expect(numbers(rows)).toEqual(rows.map((_, at) => `F-${String(first + at).padStart(8, '0')}`));
    const read = await byId(
      FulfillmentRow,
      rows.map((row) => row.id),
    );
    expect(new Set(read)).toEqual(new Set(rows));
    await insert([]);
    expect(counter.statements - before).toBe(2);
  });

  test('in a dry run gives DRYRUN numbers behind those given before', async () => {
    const error = await attempt(async (scoped) => {
      const rows = [unnumbered(), unnumbered(), unnumbered()];
      await insert(rows.slice(0, 2), scoped, 0);
      await insert(rows.slice(2), scoped, 2);
      expect(numbers(rows)).toEqual(['DRYRUN-1', 'DRYRUN-2', 'DRYRUN-3']);
      throw new Error('a dry run is rolled back');
    });
    expect(error).toEqual(new Error('a dry run is rolled back'));
  });

  test('outside of the scope fails the whole unit, be it of one row or of all', async () => {
    const foreign = () => ({ ...unnumbered(), orgId: whole.scope.orgIds[1] });
    for (const rows of [[unnumbered(), foreign()], [foreign()]]) {
      const error = await attempt((scoped) => insert(rows, scoped));
      expect(error).toMatchObject({ message: '1 rows of fulfillment are gone or out of scope' });
    }
  });
});

describe('inserting rows whose numbers may be chosen', () => {
  const numbering: Numbering<'account'> = { kind: 'account', column: 'accountNumber', dryRun: null };
  const unnumbered = (scope = north.scope) => accountRow(scope, { accountNumber: null as unknown as string });
  const numbers = (rows: readonly AccountRow[]) => rows.map((row) => row.accountNumber);
  const digits = (rows: readonly AccountRow[]) => numbers(rows).map((number) => Number(number.slice(1)));
  const insert = (rows: AccountRow[], more: Partial<Numbering<'account'>> = {}, scoped = north) =>
    insertChosenRows<AccountRow>(scoped, AccountRow, rows, { ...numbering, ...more });

  test('numbers them in the order of the rows, whatever the order of their ids, in one statement', async () => {
    const { counter } = north.connection;
    const before = counter.statements;
    const rows = Array.from({ length: 200 }, () => unnumbered()).reverse();
    const written = await insert(rows);
    expect(counter.statements - before).toBe(1);
    expect(written.map((row) => row.id)).toEqual(rows.map((row) => row.id));
    const [first] = digits(written);
    expect(digits(written)).toEqual(rows.map((_, at) => first + at));
    const read = new Map(
      (
        await byId(
          AccountRow,
          rows.map((row) => row.id),
        )
      ).map((row) => [row.id, row]),
    );
    for (const row of written) expect(read.get(row.id)).toEqual(row);
  });

  test('goes on where it stopped, in each entity on its own, from 1 and with eight digits', async () => {
    const [one] = digits(await insert([unnumbered()]));
    expect(digits(await insert([unnumbered(), unnumbered()]))).toEqual([one + 1, one + 2]);
    expect(numbers(await insert([unnumbered(other.scope)], {}, other))).toEqual(['A00000001']);
  });

  test('counts on past eight digits', async () => {
    const third = await tenant(database.raw, 'Initech');
    await database.owner(`select setval('number.account_${third.entityId}', 99999999)`);
    const written = await insert([unnumbered(third)], {}, new Scoped(database.raw, third));
    expect(numbers(written)).toEqual(['A100000000']);
  });

  test.each(Object.entries(numberPrefixes))(
    'has a sequence for every %s, which begins with %s',
    async (kind, prefix) => {
      const scope = await tenant(database.raw, `Numbers of ${kind}`);
      const [{ number }] = await database.raw.query<{ number: string }>(
        'select business_number($1, $2, $3) as number',
        [prefix, kind, scope.entityId],
      );
      expect(number).toBe(`${prefix}00000001`);
    },
  );

  test('keeps the numbers that rows bring along and gives the others the next ones', async () => {
    const [one] = digits(await insert([unnumbered()]));
    const own = accountRow(north.scope, { accountNumber: 'MINE-1' });
    const written = await insert([unnumbered(), own, unnumbered()]);
    expect(numbers(written)[1]).toBe('MINE-1');
    expect(digits([written[0], written[2]])).toEqual([one + 1, one + 2]);
  });

  test('two dry runs side by side do not wait for one another', async () => {
    const error = await attempt(async (scoped) => {
      await insert([unnumbered()], { dryRun: 0 }, scoped);
      const other = await attempt(async (beside) => {
        await insert([unnumbered()], { dryRun: 0 }, beside);
        throw new Error('the second is through');
      });
      throw other;
    });
    expect(error).toEqual(new Error('the second is through'));
  });

  test('in a dry run gives DRYRUN numbers behind those given before, and takes none from the sequence', async () => {
    const [one] = digits(await insert([unnumbered()]));
    const error = await attempt(async (scoped) => {
      const written = await insert([unnumbered(), unnumbered()], { dryRun: 0 }, scoped);
      expect(numbers(written).map(shownNumber)).toEqual(['DRYRUN-1', 'DRYRUN-2']);
      expect(numbers(await insert([unnumbered()], { dryRun: 2 }, scoped)).map(shownNumber)).toEqual(['DRYRUN-3']);
      throw new Error('a dry run is rolled back');
    });
    expect(error).toEqual(new Error('a dry run is rolled back'));
    expect(error).toEqual(new Error('a dry run is rolled back'));
    expect(digits(await insert([unnumbered()]))).toEqual([one + 1]);
  });

  test('tells that a number is taken, be it in an org that is out of sight, but not by another entity', async () => {
    await insert([inSouth({ accountNumber: 'TAKEN' })], {}, whole);
    const error = await attempt((scoped) => insert([accountRow(north.scope, { accountNumber: 'TAKEN' })], {}, scoped));
    expect(error).toBeInstanceOf(NumberTaken);
    expect(error).toMatchObject({ column: 'accountNumber', number: 'TAKEN' });
    const elsewhere = accountRow(other.scope, { accountNumber: 'TAKEN' });
    expect(numbers(await insert([elsewhere], {}, other))).toEqual(['TAKEN']);
  });

  test('N12: a generated number steps over numbers that were chosen, in one statement, be they in another org', async () => {
    const [one] = digits(await insert([unnumbered()]));
    const chosen = [1, 2, 3, 5].map((n) => `A${String(one + n).padStart(8, '0')}`);
    await insert([accountRow(north.scope, { accountNumber: chosen[0] })]);
    await insert(
      chosen.slice(1).map((accountNumber) => inSouth({ accountNumber })),
      {},
      whole,
    );
    const { counter } = north.connection;
    const before = counter.statements;
    expect(digits(await insert([unnumbered(), unnumbered()]))).toEqual([one + 4, one + 6]);
    expect(counter.statements - before).toBe(1);
  });

  test('N12: a generated number steps over one that is chosen in the same statement or the same moment', async () => {
    const [one] = digits(await insert([unnumbered()]));
    const number = (n: number) => `A${String(one + n).padStart(8, '0')}`;
    const chosen = accountRow(north.scope, { accountNumber: number(1) });
    expect(digits(await insert([unnumbered(), chosen, unnumbered()]))).toEqual([one + 2, one + 1, one + 3]);

    let waiting: Promise<AccountRow[]> | undefined;
    const error = await attempt(async (scoped) => {
      await insert([accountRow(north.scope, { accountNumber: number(4) })], {}, scoped);
      waiting = insert([unnumbered()]);
      // It waits for whether the other keeps the number.
      await database.blocked();
    });
    expect(error).toBeUndefined();
    expect(digits(await waiting!)).toEqual([one + 5]);
  });

  test('outside of the scope fails the whole unit', async () => {
    const rows = [unnumbered(), inSouth()];
    const error = await attempt((scoped) => insert(rows, {}, scoped));
    expect(error).toEqual(new Error('1 rows of account are out of scope'));
    expect(
      await byId(
        AccountRow,
        rows.map((row) => row.id),
      ),
    ).toEqual([]);
  });
});

describe('updating rows', () => {
  test('changes the named columns and no other, of many rows in one statement, null and objects included', async () => {
    const rows = Array.from({ length: 50 }, () => fulfillmentRow(chain.line, { carrier: 'UPS', quantity: '2' }));
    await insertRows(north, FulfillmentRow, rows);
    const { counter } = north.connection;
    const before = counter.statements;
    const changed = rows.map((row, at) => ({
      ...row,
      carrier: null,
      customFields: { at__c: at },
      state: 'Canceled' as const,
      updatedDate: instant,
      quantity: '3',
    }));
    await updateRows(north, FulfillmentRow, changed, ['carrier', 'customFields', 'state']);
    expect(counter.statements - before).toBe(1);
    const read = await byId(
      FulfillmentRow,
      rows.map((row) => row.id),
    );
    expect(new Set(read)).toEqual(new Set(changed.map((row) => ({ ...row, quantity: '2' }))));
  });

  test('outside of the scope, or of a row that is gone, fails the whole unit', async () => {
    const [own, south, foreign] = [accountRow(north.scope), inSouth(), accountRow(other.scope)];
    await insertRows(whole, AccountRow, [own, south]);
    await insertRows(other, AccountRow, [foreign]);
    const gone = accountRow(north.scope);
    for (const wrong of [south, foreign, gone]) {
      const changed = [own, wrong].map((row) => ({ ...row, name: 'Changed' }));
      const error = await attempt((scoped) => updateRows(scoped, AccountRow, changed, ['name']));
      expect(error).toMatchObject({ message: '1 rows of account are gone or out of scope' });
    }
    expect(await database.owner("select from account where name = 'Changed'")).toEqual([]);
  });
});

test('deleting takes the rows in scope and leaves the others', async () => {
  const [own, south, foreign] = [accountRow(north.scope), inSouth(), accountRow(other.scope)];
  await insertRows(whole, AccountRow, [own, south]);
  await insertRows(other, AccountRow, [foreign]);
  const ids = [own.id, south.id, foreign.id];
  await deleteRows(north, AccountRow, [...ids, newId()]);
  const left = await database.owner<{ id: string }>('select id from account where id = any($1)', [ids]);
  expect(new Set(left.map((row) => row.id))).toEqual(new Set([south.id, foreign.id]));
});

test('rows are found by any column, all of it or the columns asked for', async () => {
  const { line } = chain;
  expect(await rowsBy<OrderLineItemRow>(north, OrderLineItemRow, 'orderId', [line.orderId])).toEqual([line]);
  expect(await rowsBy<OrderLineItemRow>(north, OrderLineItemRow, 'itemNumber', [line.itemNumber], ['id'])).toEqual([
    { id: line.id },
  ]);
  expect(await rowsBy<OrderLineItemRow>(north, OrderLineItemRow, 'itemState', ['Booked'], ['itemState'])).toEqual([
    { itemState: 'Booked' },
  ]);
  expect(await rowsBy<OrderLineItemRow>(north, OrderLineItemRow, 'id', [])).toEqual([]);
});
