import { createFulfillments } from '../../src/service/fulfillment';
import { deleteFulfillment, transitionFulfillments, updateFulfillment } from '../../src/service/fulfillment-change';
import {
  createFulfillmentItems,
  deleteFulfillmentItem,
  findFulfillmentItem,
  itemsOfFulfillment,
  updateFulfillmentItem,
} from '../../src/service/fulfillment-item';
import type { Work } from '../../src/service/run/work';
import { newId } from '../../src/store/id';
import { told } from '../support/facts';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let work: Work;
let orderLineItemId: string;

beforeAll(async () => {
  gateway = await testGateway({ poolSize: 20 });
  work = await (await gateway.client()).work();
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  orderLineItemId = (await orderFor(work)).orderLineItems[0].id;
});

async function fulfillment(quantity = '5', more: object = { state: 'Booked' }) {
  const entry = { orderLineItemId, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01', quantity, ...more };
  const { fulfillments, items } = await createFulfillments(work, { fulfillments: [entry] });
  return { ...fulfillments[0]!, items: items.get(fulfillments[0]!.id) ?? [] };
}
type Made = Awaited<ReturnType<typeof fulfillment>>;

const entries = (of: { fulfillmentNumber: string }, ...identifiers: string[]) =>
  identifiers.map((itemIdentifier) => ({ fulfillmentNumber: of.fulfillmentNumber, itemIdentifier }));
const addTo = async (of: { fulfillmentNumber: string }, ...identifiers: string[]) =>
  (await createFulfillmentItems(work, entries(of, ...identifiers))).fulfillmentItems.map((item) => item!);
const identifiersOf = async ({ id }: { id: string }) =>
  (await itemsOfFulfillment(work, id)).map((item) => item.itemIdentifier);
const refusalOf = (act: Promise<unknown>): Promise<string[]> =>
  act.then(
    () => ['done'],
    (error) => told(error.errors),
  );

async function versionOf({ id }: { id: string }): Promise<number> {
  const [row] = await gateway.database.owner<{ version: number }>('select version from fulfillment where id = $1', [
    id,
  ]);
  return row.version;
}

async function historyOf({ id }: { id: string }) {
  const rows = await gateway.database.owner<{
    action: string;
    version: number;
    changes: { field: string; before: string | null; after: string | null }[];
  }>('select action, version, changes from history_entry where subject_id = $1 order by version', [id]);
  return rows.map(({ action, version, changes }) => ({
    action,
    version,
    changes: changes.map(({ field, before, after }) => [
      field,
      JSON.parse(before ?? 'null'),
      JSON.parse(after ?? 'null'),
    ]),
  }));
}

describe('items that come with a new fulfillment', () => {
  test('are written in the order of the request, and need no entry of their own', async () => {
    const made = await fulfillment('3', {
      state: 'SentToBilling',
      fulfillmentItems: [{ itemIdentifier: 'C', customFields: { color__c: 'red' } }, {}, { description: 'third' }],
    });
    const nothing = { itemIdentifier: null, description: null, customFields: null };
    expect(await itemsOfFulfillment(work, made.id)).toMatchObject([
      { ...nothing, itemIdentifier: 'C', customFields: { color__c: 'red' }, fulfillmentId: made.id },
      nothing,
      { ...nothing, description: 'third' },
    ]);
    expect(made.items.map(({ id }) => id)).toEqual((await itemsOfFulfillment(work, made.id)).map(({ id }) => id));
    expect(await historyOf(made)).toEqual([{ action: 'Create', version: 1, changes: [] }]);
  });

  test('of an entry that is skipped are not written', async () => {
    const entry = { orderLineItemId, fulfillmentDate: '2022-01-01', quantity: '1', fulfillmentItems: [{}] };
    const { fulfillments, items, userErrors } = await createFulfillments(
      work,
      { fulfillments: [entry, { ...entry, state: 'Booked' }] },
      { onError: 'SkipFailed' },
    );
    expect(told(userErrors)).toEqual(['ITEMS_NOT_ALLOWED input.fulfillments.0.fulfillmentItems']);
    expect([fulfillments[0], items.size, items.get(fulfillments[1]!.id)!.length]).toEqual([null, 1, 1]);
  });
});

describe('adding items', () => {
  test('is done in every state but Executing and Canceled', async () => {
    const made: Record<string, Made> = {};
    for (const state of ['Executing', 'Booked', 'SentToBilling']) made[state] = await fulfillment('5', { state });
    made.Canceled = await fulfillment('5', {});
    await transitionFulfillments(work, { keys: [made.Canceled.id], action: 'Cancel' });
    const billed = await createFulfillments(work, {
      fulfillments: [
        {
          ...{ orderLineItemId, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
          ...{ quantity: '5', state: 'SentToBilling' },
        },
      ],
      processingOptions: { runBilling: true },
    });
    const [complete] = billed.fulfillments.map((row) => row!);
    await transitionFulfillments(work, { keys: [complete.id], action: 'Complete' });
    for (const one of [made.Booked, made.SentToBilling, complete]) {
      await addTo(one, 'A');
      expect(await identifiersOf(one)).toEqual(['A']);
    }
    for (const one of [made.Executing, made.Canceled]) {
      expect(await refusalOf(addTo(one, 'A'))).toEqual(['ITEMS_NOT_ALLOWED input.0.fulfillmentNumber']);
      expect(await identifiersOf(one)).toEqual([]);
    }
  });

  test('raises the version of each fulfillment by one, and leaves one entry with the items of each', async () => {
    const [one, two, other] = [await fulfillment(), await fulfillment(), await fulfillment()];
    const { fulfillmentItems } = await createFulfillmentItems(work, [
      ...entries(one, 'A'),
      ...entries(two, 'B'),
      ...entries(one, 'C'),
    ]);
    const [a, b, c] = fulfillmentItems.map((item) => {
      const { id, itemIdentifier, description, customFields } = item!;
      return { id, itemIdentifier, description, customFields };
    });
    const create = { action: 'Create', version: 1, changes: [] };
    const entry = (...items: object[]) => ({
      ...{ action: 'Update', version: 2 },
      changes: [['fulfillmentItems', null, items]],
    });
    expect(await historyOf(one)).toEqual([create, entry(a, c)]);
    expect(await historyOf(two)).toEqual([create, entry(b)]);
    expect(await historyOf(other)).toEqual([create]);
    expect([await versionOf(one), await versionOf(two), await versionOf(other)]).toEqual([2, 2, 1]);
    expect(await identifiersOf(one)).toEqual(['A', 'C']);
  });

  test('changes nothing of the line item', async () => {
    const made = await fulfillment();
    const line = () => gateway.database.owner('select * from order_line_item where id = $1', [orderLineItemId]);
    const before = await line();
    await addTo(made, 'A');
    expect(await line()).toEqual(before);
  });

  test('T10: a third item on quantity 2 is refused, whether it comes with the others or later', async () => {
    const made = await fulfillment('2');
    const refused = ['QUANTITY_EXCEEDED input.2.fulfillmentNumber'];
    expect(await refusalOf(addTo(made, 'A', 'B', 'C'))).toEqual(refused);
    expect(await identifiersOf(made)).toEqual([]);
    await addTo(made, 'A', 'B');
    expect(await refusalOf(addTo(made, 'C'))).toEqual(['QUANTITY_EXCEEDED input.0.fulfillmentNumber']);
    expect([await identifiersOf(made), await versionOf(made)]).toEqual([['A', 'B'], 2]);
  });

  test('goes up to 100 items on one fulfillment', async () => {
    const made = await fulfillment('500', { state: 'Booked', fulfillmentItems: Array(60).fill({}) });
    const { fulfillmentItems, userErrors } = await createFulfillmentItems(work, entries(made, ...Array(42).fill('X')), {
      onError: 'SkipFailed',
    });
    expect(fulfillmentItems.filter(Boolean)).toHaveLength(40);
    expect(told(userErrors)).toEqual([
      'LIMIT_EXCEEDED input.40.fulfillmentNumber',
      'LIMIT_EXCEEDED input.41.fulfillmentNumber',
    ]);
    expect(await itemsOfFulfillment(work, made.id)).toHaveLength(100);
  });

  test('with SkipFailed adds those that fit, in request order, and counts none that is refused', async () => {
    const made = await fulfillment('2');
    const { fulfillmentItems, userErrors } = await createFulfillmentItems(
      work,
      [
        { fulfillmentNumber: made.fulfillmentNumber, itemIdentifier: 'x'.repeat(256) },
        ...entries({ fulfillmentNumber: 'F-99999999' }, 'N'),
        ...entries(made, 'A'),
        // The same fulfillment by its id.
        ...entries({ fulfillmentNumber: made.id }, 'B'),
        ...entries(made, 'C'),
      ],
      { onError: 'SkipFailed' },
    );
    expect(fulfillmentItems.map((item) => item?.itemIdentifier)).toEqual([undefined, undefined, 'A', 'B', undefined]);
    expect(told(userErrors)).toEqual([
      'INVALID_VALUE input.0.itemIdentifier',
      'NOT_FOUND input.1.fulfillmentNumber',
      'QUANTITY_EXCEEDED input.4.fulfillmentNumber',
    ]);
    expect((await historyOf(made)).length).toBe(2);
  });

  test('with an error anywhere adds nothing, unless it is told to skip', async () => {
    const made = await fulfillment();
    expect(
      await refusalOf(createFulfillmentItems(work, [...entries(made, 'A'), { fulfillmentNumber: 'F-\0' }])),
    ).toEqual(['NOT_FOUND input.1.fulfillmentNumber']);
    expect([await identifiersOf(made), await versionOf(made)]).toEqual([[], 1]);
  });

  test('takes 1 to 1,000 entries', async () => {
    const made = await fulfillment();
    expect(await refusalOf(createFulfillmentItems(work, []))).toEqual(['REQUIRED input']);
    expect(await refusalOf(addTo(made, ...Array(1001).fill('A')))).toEqual(['LIMIT_EXCEEDED input']);
  });

  test('judges and shows as a dry run, and writes nothing', async () => {
    const made = await fulfillment();
    const { fulfillmentItems } = await createFulfillmentItems(work, entries(made, 'A'), { dryRun: true });
    expect(fulfillmentItems).toMatchObject([{ itemIdentifier: 'A', fulfillmentId: made.id }]);
    expect([await identifiersOf(made), (await historyOf(made)).length]).toEqual([[], 1]);
  });
});

describe('changing an item', () => {
  test('replaces what is named, empties what is null, and leaves an entry with the item before and after', async () => {
    const made = await fulfillment();
    const [item] = await addTo(made, 'A', 'B');
    await updateFulfillmentItem(work, item.id, { description: 'first', customFields: { a__c: 1, b__c: 2 } });
    const { fulfillmentItems } = await updateFulfillmentItem(work, item.id, {
      itemIdentifier: null,
      customFields: { b__c: 3 },
    });
    const now = { id: item.id, itemIdentifier: null, description: 'first', customFields: { b__c: 3 } };
    expect(fulfillmentItems).toMatchObject([now]);
    expect(await findFulfillmentItem(work, item.id)).toMatchObject(now);
    expect(await identifiersOf(made)).toEqual([null, 'B']);
    const before = { ...now, itemIdentifier: 'A', customFields: { a__c: 1, b__c: 2 } };
    expect((await historyOf(made)).at(-1)).toEqual({
      ...{ action: 'Update', version: 4 },
      changes: [['fulfillmentItems', [before], [now]]],
    });
  });

  test('is refused where it names nothing, where a value does not fit, and where there is none', async () => {
    const made = await fulfillment();
    const [item] = await addTo(made, 'A');
    expect(await refusalOf(updateFulfillmentItem(work, item.id, {}))).toEqual(['REQUIRED input']);
    const long = { description: 'x'.repeat(501) };
    expect(await refusalOf(updateFulfillmentItem(work, item.id, long))).toEqual(['INVALID_VALUE input.description']);
    for (const id of [newId(), 'A', 'F-\0', made.id]) {
      expect(await refusalOf(updateFulfillmentItem(work, id, { description: 'x' }))).toEqual(['NOT_FOUND id']);
      expect(await refusalOf(deleteFulfillmentItem(work, id))).toEqual(['NOT_FOUND id']);
    }
    expect(await versionOf(made)).toBe(2);
  });
});

describe('deleting an item', () => {
  test('makes room for another, and leaves an entry with the item that was there', async () => {
    const made = await fulfillment('2');
    const [item] = await addTo(made, 'A', 'B');
    expect(await deleteFulfillmentItem(work, item.id)).toMatchObject({ deletedId: item.id, fulfillmentItems: [] });
    expect(await findFulfillmentItem(work, item.id)).toBeUndefined();
    expect(await refusalOf(deleteFulfillmentItem(work, item.id))).toEqual(['NOT_FOUND id']);
    const was = { id: item.id, itemIdentifier: 'A', description: null, customFields: null };
    expect((await historyOf(made)).at(-1)).toEqual({
      ...{ action: 'Update', version: 3 },
      changes: [['fulfillmentItems', [was], null]],
    });
    await addTo(made, 'C');
    expect(await identifiersOf(made)).toEqual(['B', 'C']);
  });
});

describe('items of a Canceled fulfillment', () => {
  test('stay as they are, should there be any', async () => {
    const made = await fulfillment();
    const [item] = await addTo(made, 'A');
    await gateway.database.owner("update fulfillment set state = 'Canceled' where id = $1", [made.id]);
    expect(await refusalOf(updateFulfillmentItem(work, item.id, { description: 'x' }))).toEqual([
      'ITEMS_NOT_ALLOWED id',
    ]);
    expect(await refusalOf(deleteFulfillmentItem(work, item.id))).toEqual(['ITEMS_NOT_ALLOWED id']);
    expect(await identifiersOf(made)).toEqual(['A']);
  });
});

describe('the fulfillment', () => {
  test('cannot be lowered below the number of its items', async () => {
    const made = await fulfillment('5');
    await addTo(made, 'A', 'B', 'C');
    const lower = (quantity: string) => updateFulfillment(work, made.id, { quantity });
    expect(await refusalOf(lower('2.5'))).toEqual(['QUANTITY_EXCEEDED input.quantity']);
    expect((await lower('3')).fulfillment.quantity).toBe('3');
  });

  test('is booked with a new quantity, and deleted, as if there were no items in the world', async () => {
    const [one, two] = [await fulfillment('5', {}), await fulfillment('5', {})];
    await updateFulfillment(work, one.id, { quantity: '1', state: 'Booked' });
    await deleteFulfillment(work, two.id);
    expect((await addTo(one, 'A')).length).toBe(1);
  });
});

describe('requests at the same time', () => {
  const outcomes = async (acts: Promise<unknown>[]) =>
    (await Promise.all(acts.map(refusalOf))).map(([first]) => first.split(' ')[0]).sort();

  test('two adds on the last free place: one of them gets it, ten times', async () => {
    for (let round = 0; round < 10; round++) {
      const made = await fulfillment('2', { state: 'Booked', fulfillmentItems: [{}] });
      expect(await outcomes([addTo(made, 'A'), addTo(made, 'B')])).toEqual(['QUANTITY_EXCEEDED', 'done']);
      expect([(await itemsOfFulfillment(work, made.id)).length, await versionOf(made)]).toEqual([2, 2]);
    }
  });

  test('an add against a lower quantity: one of them happens', async () => {
    for (let round = 0; round < 10; round++) {
      const made = await fulfillment('2', { state: 'Booked', fulfillmentItems: [{}] });
      const lower = updateFulfillment(work, made.id, { quantity: '1' });
      expect(await outcomes([addTo(made, 'A'), lower])).toEqual(['QUANTITY_EXCEEDED', 'done']);
    }
  });

  test('an add against a cancel of an Executing one: it never ends Canceled with an item', async () => {
    const made = await fulfillment('2', {});
    const [added] = await Promise.all([
      refusalOf(addTo(made, 'A')),
      transitionFulfillments(work, { keys: [made.id], action: 'Cancel' }),
    ]);
    expect(added).toEqual(['ITEMS_NOT_ALLOWED input.0.fulfillmentNumber']);
    expect(await identifiersOf(made)).toEqual([]);
  });

  test('two deletions of one item: it is deleted once', async () => {
    const made = await fulfillment();
    const [item] = await addTo(made, 'A');
    const deletions = [deleteFulfillmentItem(work, item.id), deleteFulfillmentItem(work, item.id)];
    expect(await outcomes(deletions)).toEqual(['NOT_FOUND', 'done']);
    expect(await versionOf(made)).toBe(3);
  });

  test('batches that name the same fulfillments in opposite orders all go through', async () => {
    const lines = (await orderFor(work, Array(6).fill({}))).orderLineItems;
    const { fulfillments } = await createFulfillments(work, {
      fulfillments: lines.map(({ id }) => ({
        ...{ orderLineItemId: id, fulfillmentDate: '2022-01-01', quantity: '100' },
        state: 'Booked',
      })),
    });
    const all = fulfillments.flatMap((row) => entries(row!, 'A'));
    const acts = Array.from({ length: 10 }, (_, at) => createFulfillmentItems(work, at % 2 ? all : [...all].reverse()));
    expect(new Set(await outcomes(acts))).toEqual(new Set(['done']));
    for (const row of fulfillments)
      expect([(await identifiersOf(row!)).length, await versionOf(row!)]).toEqual([10, 11]);
  });
});

test('a client of another org finds no item, and adds none', async () => {
  const made = await fulfillment('5', { state: 'Booked', fulfillmentItems: [{}] });
  const south = await (await gateway.client({ grants: [{ entity: 'Acme', orgs: ['South'] }] })).work();
  expect(await findFulfillmentItem(south, made.items[0].id)).toBeUndefined();
  expect(await itemsOfFulfillment(south, made.id)).toEqual([]);
  expect(await refusalOf(createFulfillmentItems(south, entries(made, 'A')))).toEqual([
    'NOT_FOUND input.0.fulfillmentNumber',
  ]);
});
