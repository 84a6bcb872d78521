import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../../src/domain/errors';
import { updateBillingSettings } from '../../src/service/billing-settings';
import type { Work } from '../../src/service/run/work';
import { billingSettings } from '../../src/store/billing-settings';
import { Connection, Scoped } from '../../src/store/connection/connection';
import { newId } from '../../src/store/id';
import { told } from '../support/facts';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
/** Who sees the whole entity, and two orgs of it, which do not see each other. */
let whole: Work;
let north: Work;
let south: Work;
let entities = 0;

beforeAll(async () => {
  gateway = await testGateway();
}, 60_000);
beforeEach(async () => {
  const entity = `Entity ${++entities}`;
  const of = async (...orgs: string[]) => (await gateway.client({ grants: [{ entity, orgs }] })).work();
  [whole, north, south] = [await of('North', 'South'), await of('North'), await of('South')];
});
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(() => gateway.close());

const vat = { code: 'VAT', rate: '0.2' };
const gst = { code: 'GST', rate: '0.05' };
const settings = () => billingSettings(north.reads());

/** The refusals of a change, none where it was made. */
const refusals = (work: Work, input: Parameters<typeof updateBillingSettings>[1]): Promise<string[]> =>
  updateBillingSettings(work, input).then(
    () => [],
    (error) => {
      if (!(error instanceof Refusal)) throw error;
      return told(error.errors);
    },
  );

async function linesWithVat(work: Work, count: number): Promise<void> {
  const { orderLineItems } = await orderFor(work, Array(count).fill({}));
  await gateway.database.owner("update order_line_item set tax_code = 'VAT' where id = any($1)", [
    orderLineItems.map(({ id }) => id),
  ]);
}

const insertCreditMemo = (work: Work, accountId: string) => {
  const { entityId, clientId, orgIds } = work.caller;
  return gateway.database.owner(
    `insert into credit_memo (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id,
       account_id, credit_memo_number, status, credit_memo_date, currency, amount, amount_without_tax, tax_amount,
       applied_amount, refund_amount, source)
     values ($1, $2, $3, 1, now(), $4, now(), $4, $5, $6, 'Canceled', '2022-01-01', 'USD', 10, 10, 0, 0, 0, 'API')`,
    [newId(), entityId, orgIds[0], clientId, accountId, `CM-${entities}`],
  );
};

describe('updating the settings', () => {
  test('gives back what is stored', async () => {
    const change = { taxCodes: [vat], units: [{ name: 'Each', decimals: 0 }], carriers: ['UPS', '{a,b}', 'NULL'] };
    const { billingSettings: given } = await updateBillingSettings(whole, change);
    expect(await settings()).toEqual(given);
    expect(given.units).toEqual([{ name: 'Each', decimals: 0, roundingMode: 'HALF_UP' }]);
  });

  test('a tax code that a line item of any org has stays; its rate may change', async () => {
    await updateBillingSettings(whole, { taxCodes: [vat, gst] });
    await linesWithVat(south, 2);
    expect(await refusals(whole, { taxCodes: [gst] })).toEqual(['FIELD_LOCKED input.taxCodes']);
    await expect(updateBillingSettings(whole, { taxCodes: [] })).rejects.toThrow('The tax code VAT is in use');
    expect(await refusals(whole, { taxCodes: [{ ...vat, rate: '0.21' }] })).toEqual([]);
    expect((await settings()).taxCodes).toEqual([{ code: 'VAT', rate: '0.21' }]);
  });

  test('whether a tax code is in use is looked up in an index, however many line items there are', async () => {
    const { owner } = gateway.database;
    await owner('begin');
    await owner('set local enable_seqscan = off');
    const plan = await owner(
      `explain select code from unnest(array['VAT', 'GST']) as code
       where exists (select from order_line_item where entity_id = $1 and tax_code = code)`,
      [north.caller.entityId],
    );
    await owner('rollback');
    expect(JSON.stringify(plan)).toContain('order_line_item_tax_code');
  });

  test('a tax code that only another entity has in use goes', async () => {
    const other = await (await gateway.client({ grants: [{ entity: 'Other', orgs: ['North'] }] })).work();
    for (const work of [whole, other]) await updateBillingSettings(work, { taxCodes: [vat] });
    await linesWithVat(other, 1);
    expect(await refusals(whole, { taxCodes: [] })).toEqual([]);
    expect(await refusals(other, { taxCodes: [] })).toEqual(['FIELD_LOCKED input.taxCodes']);
  });

  test('settlement stays on once any org has a credit memo, whatever its state', async () => {
    expect(await refusals(whole, { invoiceSettlement: false })).toEqual([]);
    expect(await refusals(whole, { invoiceSettlement: true })).toEqual([]);
    const { account } = await orderFor(south);
    await insertCreditMemo(south, account.id);
    expect(await refusals(whole, { invoiceSettlement: false })).toEqual([
      'SETTLEMENT_REQUIRED input.invoiceSettlement',
    ]);
    expect((await settings()).invoiceSettlement).toBe(true);
    const other = await (await gateway.client({ grants: [{ entity: 'Third', orgs: ['North'] }] })).work();
    expect(await refusals(other, { invoiceSettlement: false })).toEqual([]);
  });
});

describe('who sees only some orgs of the entity', () => {
  const denied = ['PERMISSION_DENIED input'];

  test('changes nothing, and is told before the version or the change is judged', async () => {
    await updateBillingSettings(whole, { taxCodes: [vat] });
    const before = await settings();
    for (const work of [north, south]) {
      for (const input of [{ carriers: ['UPS'] }, { taxCodes: [] }, { carriers: [''] }, {}]) {
        expect(await refusals(work, input)).toEqual(denied);
      }
      await expect(updateBillingSettings(work, {}, { expectedVersion: 99 })).rejects.toThrow('PERMISSION_DENIED');
      await expect(updateBillingSettings(work, {}, { dryRun: true })).rejects.toThrow('PERMISSION_DENIED');
    }
    expect(await settings()).toEqual(before);
  });

  test('is refused from the moment on that the entity has an org more', async () => {
    expect(await refusals(whole, { carriers: ['UPS'] })).toEqual([]);
    await gateway.client({ grants: [{ entity: `Entity ${entities}`, orgs: ['East'] }] });
    expect(await refusals(whole, { carriers: ['DHL'] })).toEqual(denied);
    expect((await settings()).carriers).toEqual(['UPS']);
  });

  test('does not count orgs of other entities', async () => {
    await gateway.client({ grants: [{ entity: 'Fourth', orgs: ['North', 'South', 'East'] }] });
    expect(await refusals(whole, { carriers: ['UPS'] })).toEqual([]);
  });
});

describe('two at once', () => {
  const waiting = async () =>
    (
      await gateway.database.owner(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
    ).length;
  async function until(holds: () => Promise<boolean>): Promise<void> {
    for (let n = 0; n < 500; n++) {
      if (await holds()) return;
      await delay(10);
    }
    throw new Error('it never came to hold');
  }

  test('both changes stay: the second writer sees what the first one wrote', async () => {
    for (let round = 0; round < 5; round++) {
      const carriers = [`carrier ${round}`];
      const taxCodes = [{ ...vat, rate: `0.${round + 1}` }];
      await Promise.all([updateBillingSettings(whole, { carriers }), updateBillingSettings(whole, { taxCodes })]);
      expect(await settings()).toMatchObject({ carriers, taxCodes });
    }
  });

  test('a tax code that somebody holds for a line item is not taken away behind its back', async () => {
    await updateBillingSettings(whole, { taxCodes: [vat] });
    const { orderLineItems } = await orderFor(south);
    const client = await gateway.database.pool.connect();
    try {
      const connection = new Connection(client);
      await connection.control('begin');
      const holder = new Scoped(connection, south.caller);
      expect((await billingSettings(holder, 'share')).taxCodes).toEqual([vat]);
      const removal = refusals(whole, { taxCodes: [] });
      await until(async () => (await waiting()) === 1);
      await holder.query(
        "update order_line_item set tax_code = 'VAT' where entity_id = $1 and org_id = any($2) and id = $3",
        [orderLineItems[0].id],
      );
      await connection.control('commit');
      expect(await removal).toEqual(['FIELD_LOCKED input.taxCodes']);
    } finally {
      client.release(true);
    }
  });

  test('whoever only reads the lists waits for nobody', async () => {
    const client = await gateway.database.pool.connect();
    try {
      const connection = new Connection(client);
      await connection.control('begin');
      await billingSettings(new Scoped(connection, north.caller), 'update');
      expect((await settings()).roundingMode).toBe('HALF_UP');
    } finally {
      client.release(true);
    }
  });
});
