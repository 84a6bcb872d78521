import { RequestError } from '../../../src/domain/errors';
import { AccountRow } from '../../../src/store/account';
import { Scoped } from '../../../src/store/connection/connection';
import { FulfillmentRow, fulfillments } from '../../../src/store/fulfillment';
import { OrderRow } from '../../../src/store/order';
import { OrderLineItemRow, orderLineItems } from '../../../src/store/order-line-item';
import {
  checkedOrder,
  count,
  countsBy,
  type Listed,
  type Order,
  type PageQuery,
  page,
  pagesBy,
} from '../../../src/store/query/list';
import { insertRows } from '../../../src/store/query/write';
import { type TestDatabase, testDatabase } from '../../support/database';
import { accountRow, fulfillmentRow, lineRow, orderRow, tenant } from '../../support/rows';

let database: TestDatabase;
let scoped: Scoped;
/** Lines a, b and c have 23, 4 and no fulfillments. */
let lines: OrderLineItemRow[];
let rows: FulfillmentRow[];

const nextDay = (n: number) => `2022-01-${String(1 + n).padStart(2, '0')}`;

beforeAll(async () => {
  database = await testDatabase();
  scoped = new Scoped(database.raw, await tenant(database.raw, 'Acme'));
  const account = accountRow(scoped.scope);
  const order = orderRow(account);
  lines = [lineRow(order), lineRow(order), lineRow(order)];
  rows = Array.from({ length: 27 }, (_, n) =>
    fulfillmentRow(lines[n < 23 ? 0 : 1], {
      // Four instants and five days among 27 rows: pages end amid ties. Every sixth has no date to bill from.
      updatedDate: `2022-01-01T00:00:00.${n % 4}00Z`,
      createdDate: `2022-01-01T00:00:0${n % 3}.000Z`,
      fulfillmentDate: nextDay(n % 5),
      billTargetDate: n % 6 === 5 ? null : nextDay(n % 5),
    }),
  );
  await insertRows(scoped, AccountRow, [account]);
  await insertRows(scoped, OrderRow, [order]);
  await insertRows(scoped, OrderLineItemRow, lines);
  await insertRows(scoped, FulfillmentRow, rows);
}, 60_000);
afterAll(() => database.close());

type Row = Listed<FulfillmentRow>;

const query = (more: Partial<PageQuery>): PageQuery => ({
  properties: ['fulfillmentNumber'],
  limit: 100,
  backward: false,
  ...more,
});
const get = (more: Partial<PageQuery>) => page(scoped, fulfillments, query(more));
const at = (row: Row) => ({ value: row.sortValue, id: row.id });

/** Walks a list to its end, a page after the other. */
async function walk(limit: number, more: Partial<PageQuery>, between = async (_page: number) => {}): Promise<Row[]> {
  const found: Row[] = [];
  for (let n = 1; ; n++) {
    const rows = await get({ ...more, limit, from: found.length ? at(found[found.length - 1]) : null });
    found.push(...rows);
    if (rows.length < limit) return found;
    await between(n);
  }
}

/** The ids in an order, worked out here: no date to bill from sorts as the end of time. */
const sorted = ({ field, direction }: Order, of = rows): string[] => {
  const key = (row: FulfillmentRow) => `${row[field as keyof FulfillmentRow] ?? 'infinity'} ${row.id}`;
  const ascending = [...of].sort((a, b) => (key(a) < key(b) ? -1 : 1)).map((row) => row.id);
  return direction === 'ASC' ? ascending : ascending.reverse();
};
const ids = (found: readonly { id: string }[]) => found.map((row) => row.id);

describe('the pages of a list', () => {
  const orders = Object.keys(fulfillments.sorts).flatMap((field) =>
    (['ASC', 'DESC'] as const).map((direction) => ({ field, direction })),
  );

  test.each(orders)('by $field $direction hold every row once and in order, amid ties', async (order) => {
    for (const limit of [1, 4, 27, 100]) {
      expect(ids(await walk(limit, { order }))).toEqual(sorted(order));
    }
  });

  test.each(orders)('by $field $direction are the same from the end, walked backward', async (order) => {
    expect(ids(await walk(4, { order, backward: true }))).toEqual(sorted(order).reverse());
    const [, , third] = await get({ order, limit: 3 });
    const before = await get({ order, backward: true, from: at(third) });
    expect(ids(before)).toEqual(sorted(order).slice(0, 2).reverse());
  });

  test('come by updatedDate, newest first, where no order is asked for', async () => {
    expect(ids(await get({}))).toEqual(sorted({ field: 'updatedDate', direction: 'DESC' }));
  });

  test('put what has no billTargetDate last ascending, and first descending', async () => {
    const undated = rows.filter((row) => row.billTargetDate === null).length;
    const properties = ['billTargetDate'];
    const ascending = await get({ properties, order: { field: 'billTargetDate', direction: 'ASC' } });
    expect(ascending.slice(-undated).map((row) => row.billTargetDate)).toEqual(Array(undated).fill(null));
    expect(ascending.slice(0, -undated).map((row) => row.billTargetDate)).not.toContain(null);
    const descending = await get({ properties, order: { field: 'billTargetDate', direction: 'DESC' } });
    expect(descending.slice(0, undated).map((row) => row.billTargetDate)).toEqual(Array(undated).fill(null));
  });

  test('hold the columns asked for, the id and the sort value, and nothing else', async () => {
    const [row] = await get({ properties: ['quantity', 'state'], limit: 1 });
    expect(Object.keys(row).sort()).toEqual(['id', 'quantity', 'sortValue', 'state']);
    expect(row.sortValue).toBe('2022-01-01T00:00:00.300Z');
  });

  test('hold filtered rows only, wherever they begin', async () => {
    const filter = { fulfillmentDate: { eq: nextDay(2) } };
    const wanted = rows.filter((row) => row.fulfillmentDate === nextDay(2));
    const order = { field: 'updatedDate', direction: 'ASC' } as const;
    expect(ids(await walk(2, { order, filter }))).toEqual(sorted(order, wanted));
  });

  test('lose and repeat nothing while rows are inserted before and behind them', async () => {
    const order = { field: 'updatedDate', direction: 'DESC' } as const;
    const added: FulfillmentRow[] = [];
    const found = await walk(5, { order }, async (n) => {
      if (n > 3) return;
      const [newer, older] = ['2023-01-01T00:00:00.000Z', '2021-01-01T00:00:00.000Z'].map((updatedDate) =>
        fulfillmentRow(lines[2], { updatedDate }),
      );
      added.push(newer, older);
      await insertRows(scoped, FulfillmentRow, [newer, older]);
    });
    const behind = added.filter((row) => row.updatedDate < '2022');
    expect(ids(found)).toEqual([...sorted(order), ...sorted(order, behind)]);
    await database.owner('delete from fulfillment where id = any($1)', [ids(added)]);
  });

  test('are one statement each', async () => {
    const { counter } = scoped.connection;
    const before = counter.statements;
    await get({ filter: { billed: false, orderLineItemId: { eq: lines[0].id } }, limit: 3 });
    expect(counter.statements - before).toBe(1);
  });
});

describe('the pages of children', () => {
  const order = { field: 'fulfillmentDate', direction: 'ASC' } as const;
  const under = (more: Partial<PageQuery>, keys = ids(lines)) =>
    pagesBy(scoped, fulfillments, 'orderLineItemId', keys, query({ order, ...more }));
  const of = (line: OrderLineItemRow) => rows.filter((row) => row.orderLineItemId === line.id);

  test('are limited per parent and not in all, in one statement', async () => {
    const { counter } = scoped.connection;
    const before = counter.statements;
    const found = await under({ limit: 6 });
    expect(counter.statements - before).toBe(1);
    const by = (line: OrderLineItemRow) => ids(found.filter((row) => row.parentKey === line.id));
    expect(by(lines[0])).toEqual(sorted(order, of(lines[0])).slice(0, 6));
    expect(by(lines[1])).toEqual(sorted(order, of(lines[1])));
    expect(by(lines[2])).toEqual([]);
    expect(found).toHaveLength(10);
  });

  test('go on behind a position and backward from the end', async () => {
    const [line] = lines;
    const first = await under({ limit: 6 }, [line.id]);
    const second = await under({ limit: 6, from: at(first[5]) }, [line.id]);
    expect(ids([...first, ...second])).toEqual(sorted(order, of(line)).slice(0, 12));
    const last = await under({ limit: 2, backward: true }, [line.id]);
    expect(ids(last)).toEqual(sorted(order, of(line)).slice(-2).reverse());
  });

  test('are filtered', async () => {
    const found = await under({ filter: { fulfillmentDate: { lt: nextDay(1) } } });
    expect(ids(found).sort()).toEqual(ids(rows.filter((row) => row.fulfillmentDate === nextDay(0))).sort());
  });

  test('are none of no parents', async () => {
    expect(await under({}, [])).toEqual([]);
  });
});

describe('counts', () => {
  test('are of the filtered rows', async () => {
    expect(await count(scoped, fulfillments)).toBe(27);
    expect(await count(scoped, fulfillments, { billTargetDate: { isNull: true } })).toBe(4);
    expect(await count(scoped, orderLineItems)).toBe(3);
  });

  test('are per parent, and parents without children are absent', async () => {
    const counts = async (filter?: object) =>
      Object.fromEntries(
        (await countsBy(scoped, fulfillments, 'orderLineItemId', ids(lines), filter)).map((row) => [
          row.parentKey,
          row.count,
        ]),
      );
    expect(await counts()).toEqual({ [lines[0].id]: 23, [lines[1].id]: 4 });
    expect(await counts({ billTargetDate: { isNull: true } })).toEqual({ [lines[0].id]: 3, [lines[1].id]: 1 });
  });
});

test('a list is sorted by its own sorts only', () => {
  const order = { field: 'fulfillmentDate', direction: 'ASC' } as const;
  expect(checkedOrder(fulfillments, order)).toBe(order);
  expect(checkedOrder(fulfillments, null)).toEqual({ field: 'updatedDate', direction: 'DESC' });
  expect(() => checkedOrder(orderLineItems, order)).toThrow(RequestError);
  expect(() => checkedOrder(fulfillments, { field: 't.quantity', direction: 'ASC' })).toThrow(RequestError);
});
