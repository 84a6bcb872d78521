import { gzipSync } from 'node:zlib';
import { purgeImports } from '../../../src/store/import';
import { orderFor, type TestGatewayServer, testGateway } from '../../support/gateway';
import { type How, header, Importer, type ImportReply, nextKey, whole } from '../../support/imported';

/* The files of an import, and what its key stands for. */

let gateway: TestGatewayServer;
let importer: Importer;

beforeAll(async () => {
  gateway = await testGateway();
  importer = await Importer.of(gateway);
}, 60_000);
afterAll(() => gateway.close());
beforeEach(() => importer.newLines());

describe('an import', () => {
  test('creates a fulfillment for each line, and answers each line', async () => {
    const { status, headers, told } = await importer.send(header + importer.rows(3));
    expect([status, headers.get('content-type')]).toEqual([200, 'application/jsonl; charset=utf-8']);
    expect(told).toEqual([
      ...[2, 3, 4].map((line) => ({ line, fulfillmentNumber: expect.stringMatching(/^F-\d{8}$/) })),
      { progress: { lines: 3, created: 3, refused: 0 } },
      { totals: whole(3) },
    ]);
  });

  test('takes the fields of createFulfillments from lines of JSON, items and published spellings among them', async () => {
    const item = { itemIdentifier: 'SN-1', Lot__c: 'A' };
    const { told } = await importer.sendJson([
      importer.entry({ state: 'Booked', carrier: 'UPS', Ship__c: 'x', fulfillmentItems: [item] }),
      importer.entry({ state: 'Cancelled' }),
    ]);
    const [{ fulfillmentNumber }, refused] = told;
    expect(refused.errors).toEqual([expect.objectContaining({ code: 'STATE_NOT_CREATABLE', path: ['state'] })]);
    const url = `/v1/fulfillments/${fulfillmentNumber}?fulfillment-items=true`;
    const { body } = await importer.client.request({ method: 'GET', url });
    expect(body.fulfillment).toMatchObject({ state: 'Booked', carrier: 'UPS', customFields: { Ship__c: 'x' } });
    expect(body.fulfillment.fulfillmentItems).toEqual([
      expect.objectContaining({ itemIdentifier: 'SN-1', customFields: { Lot__c: 'A' } }),
    ]);
  });

  test('takes booleans, custom fields and empty cells of a CSV', async () => {
    const columns = `quantity;orderLineItemId;fulfillmentDate;customFields.lot__c;excludeItemBillingFromRevenueAccounting;carrier;description`;
    const { told } = await importer.send(
      `\ufeff${columns}\r\n1.50;${importer.lines[0]};2026-01-31;"A;""1""";TRUE;;"two\nlines"\r\n1;${importer.lines[0]};2026-01-31;;;;\r\n`,
    );
    const { body } = await importer.client.request({
      method: 'GET',
      url: `/v1/fulfillments/${told[0].fulfillmentNumber}`,
    });
    expect(told.map(({ line }) => line)).toEqual([2, 4, undefined, undefined]);
    expect(body.fulfillment).toMatchObject({
      ...{ quantity: 1.5, carrier: null, excludeItemBillingFromRevenueAccounting: true },
      ...{ customFields: { lot__c: 'A;"1"' }, description: 'two\nlines' },
    });
  });

  test('judges lines in their order over chunks, as createFulfillments does with SkipFailed', async () => {
    const { orderLineItems } = await orderFor(await importer.client.work(), [{ quantity: '3' }]);
    const [{ id }] = orderLineItems;
    const last = Array.from({ length: 4 }, () => `${id},2026-01-31,1,Booked\n`).join('');
    const between = importer.rows(999).replaceAll('\n', ',\n');
    const [before, after] = [last.slice(0, last.length / 2), last.slice(last.length / 2)];
    const { told, of } = await importer.send(`${header.trim()},state\n${before}${between}${after}`);
    expect(told.at(-1)!.totals).toEqual({ lines: 1_003, created: 1_002, refused: 1, replayed: 0 });
    expect(of(1_004)!.errors).toEqual([expect.objectContaining({ code: 'QUANTITY_EXCEEDED', path: ['quantity'] })]);
  });

  test('comes in gzip and goes out in gzip, if that is asked for', async () => {
    const headers = { 'content-encoding': 'gzip', 'accept-encoding': 'gzip' };
    const zipped = await importer.send(gzipSync(header + importer.rows(2)), { headers });
    expect([zipped.headers.get('content-encoding'), zipped.told.at(-1)]).toEqual(['gzip', { totals: whole(2) }]);
    const other = { 'content-encoding': 'x-gzip' };
    expect((await importer.send(gzipSync(header + importer.rows(2)), { headers: other })).told.at(-1)).toEqual({
      totals: whole(2),
    });
    const plain = await importer.send(header + importer.rows(2), { headers: { 'accept-encoding': 'identity' } });
    expect([plain.headers.get('content-encoding'), plain.told.at(-1)]).toEqual([null, { totals: whole(2) }]);
  });

  test('of no lines creates nothing', async () => {
    expect((await importer.send(header)).told).toEqual([{ totals: whole(0) }]);
    expect((await importer.send('', { type: 'application/jsonl' })).told).toEqual([{ totals: whole(0) }]);
    expect((await importer.send('\n\r\n', { type: 'application/jsonl' })).told).toEqual([{ totals: whole(0) }]);
  });
});

describe('the same key', () => {
  test('with the same file again tells the same and creates nothing', async () => {
    const key = nextKey();
    const file = header + importer.rows(2_300) + importer.rows(1, '-1');
    const first = await importer.send(file, { key });
    const before = await importer.count();
    const second = await importer.send(gzipSync(file), { key, headers: { 'content-encoding': 'gzip' } });
    expect(second.told.at(-1)!.totals).toEqual({ lines: 2_301, created: 2_300, refused: 1, replayed: 2_301 });
    const answers = (reply: ImportReply) => reply.told.filter(({ line }) => line);
    expect(answers(second)).toEqual(answers(first));
    expect(await importer.count()).toBe(before);
  });

  test('goes on after a client that was cut off, and creates nothing twice', async () => {
    const key = nextKey();
    const file = header + importer.rows(2_500);
    const before = await importer.count();
    const gone = new AbortController();
    const part = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from(file.slice(0, file.length - 20))),
    });
    const asked = fetch(`${importer.origin}/v1/fulfillments/import`, {
      ...{ method: 'POST', signal: gone.signal, body: part, duplex: 'half' },
      headers: { authorization: `Bearer ${importer.client.token}`, 'content-type': 'text/csv', 'idempotency-key': key },
    } as RequestInit);
    const reader = (await asked).body!.getReader();
    await reader.read();
    gone.abort();
    let reply = await importer.send(file, { key });
    for (; reply.status === 409; reply = await importer.send(file, { key }))
      await new Promise((done) => setTimeout(done, 50));
    const totals = reply.told.at(-1)!.totals!;
    expect(totals).toMatchObject({ lines: 2_500, created: 2_500 });
    expect(totals.replayed % 1_000).toBe(0);
    expect(totals.replayed).toBeGreaterThan(0);
    expect(await importer.count()).toBe(before + 2_500);
  });

  test('with another first chunk, other columns or other options is 422, and changes nothing', async () => {
    const key = nextKey();
    await importer.send(header + importer.rows(3), { key });
    const before = await importer.count();
    const other = async (file: string, how: How = {}) => {
      const { status, text } = await importer.send(file, { key, ...how });
      return [status, JSON.parse(text).reasons[0].message];
    };
    expect(await other(header + importer.rows(2) + importer.rows(1, '2'))).toEqual([
      422,
      expect.stringContaining('Line 4 is not'),
    ]);
    expect(await other(header + importer.rows(4))).toEqual([422, expect.stringContaining('before line 5')]);
    expect(await other(header + importer.rows(2))).toEqual([422, expect.stringContaining('ends with line 3')]);
    expect(await other(header)).toEqual([422, expect.stringContaining('goes on')]);
    const columns = 'orderLineItemId,quantity,fulfillmentDate\n';
    expect((await other(columns + importer.rows(3)))[0]).toBe(422);
    expect((await other(header + importer.rows(3), { query: '?runBilling=true' }))[0]).toBe(422);
    expect((await importer.send(JSON.stringify(importer.entry()), { key, type: 'application/jsonl' })).status).toBe(
      422,
    );
    expect(await importer.count()).toBe(before);
  });

  test('with the same lines at other places is another file: its answers would name the lines of the first', async () => {
    const key = nextKey();
    await importer.send(header + importer.rows(3), { key });
    const { status, text } = await importer.send(
      `${header}${importer.rows(1)}\n${importer.rows(3).split('\n').slice(1).join('\n')}`,
      { key },
    );
    expect([status, JSON.parse(text).reasons[0].message]).toEqual([
      422,
      expect.stringContaining('Line 4 was line 3 of the file'),
    ]);
    // Line ends are no part of a line.
    const crlf = await importer.send(`\ufeff${header}${importer.rows(3)}`.replaceAll('\n', '\r\n').trim(), { key });
    expect(crlf.told.at(-1)!.totals!.replayed).toBe(3);
  });

  test('with another later chunk ends there, and says at which line', async () => {
    const key = nextKey();
    await importer.send(header + importer.rows(2_100), { key });
    const before = await importer.count();
    const { status, told } = await importer.send(
      header + importer.rows(1_500) + importer.rows(1, '2') + importer.rows(599),
      { key },
    );
    expect([status, told.filter(({ line }) => line).length]).toEqual([200, 1_000]);
    expect(told.at(-1)!.error).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', afterLine: 1_001 });
    expect(told.at(-1)!.error!.message).toContain('Line 1502');
    const shorter = await importer.send(header + importer.rows(2_000), { key });
    expect(shorter.told.at(-1)!.error!.message).toContain('ends with line 2001');
    const longer = await importer.send(header + importer.rows(3_000), { key });
    expect(longer.told.at(-1)!.error!.message).toContain('before line 2102');
    expect(await importer.count()).toBe(before);
  });

  test('of an import under way is 409, and both files are right afterwards', async () => {
    const key = nextKey();
    let more: (bytes: Buffer) => void = () => {};
    let end = () => {};
    const slow = new ReadableStream({
      start(controller) {
        more = (bytes) => controller.enqueue(bytes);
        end = () => controller.close();
      },
    });
    more(Buffer.from(header + importer.rows(1_000)));
    const first = importer.request(slow, { key });
    const answered = await first;
    const file = header + importer.rows(1_000) + importer.rows(1);
    const second = await importer.send(file, { key });
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '1']);
    more(Buffer.from(importer.rows(1)));
    end();
    expect((await answered.text()).trim().split('\n').at(-1)).toBe(JSON.stringify({ totals: whole(1_001) }));
    expect((await importer.send(file, { key })).told.at(-1)!.totals!.replayed).toBe(1_001);
  });

  test('while another request leaves the import goes on behind all that the other has committed', async () => {
    const { owner, blocked } = gateway.database;
    const key = nextKey();
    const { answered, gone } = await importer.open(importer.rows(1_000), { key });
    await answered.body!.getReader().read();
    gone.abort();
    await importer.left(key);
    const before = await importer.count();
    await owner('begin');
    await owner('select from fulfillment_import where key = $1 for update', [key]);
    const sent = importer.send(header + importer.rows(2_000), { key });
    await blocked();
    // The other request has committed a second chunk: of other lines, so that its absence and its presence differ.
    await owner(
      `insert into fulfillment_import_chunk select entity_id, client_id, key, 1, digests, outcome, fulfillment_ids
       from fulfillment_import_chunk where key = $1`,
      [key],
    );
    await owner('commit');
    expect((await sent).told.at(-1)!.error).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', afterLine: 1_001 });
    expect(await importer.count()).toBe(before);
  });

  test('of another client or entity is another import', async () => {
    const key = nextKey();
    const other = await gateway.client();
    await importer.send(header + importer.rows(1), { key });
    expect((await importer.send(header + importer.rows(2), { key, by: other })).told.at(-1)!.totals).toEqual(whole(2));
  });

  test('is refused once its outcome is forgotten, a day after the last import', async () => {
    const key = nextKey();
    await importer.send(header + importer.rows(1), { key });
    await gateway.database.owner(
      "update fulfillment_import set seen_date = now() - interval '25 hours' where key = $1",
      [key],
    );
    const { status, text } = await importer.send(header + importer.rows(1), { key });
    expect([status, JSON.parse(text).reasons[0].message]).toEqual([422, expect.stringContaining('is forgotten')]);
  });
});

describe('a day later', () => {
  test('the chunks are forgotten, the key is refused for a month, and then it is forgotten too', async () => {
    const { owner, db } = gateway.database;
    const key = nextKey();
    await importer.send(header + importer.rows(1), { key });
    const kept = async () => {
      await purgeImports(db.aside());
      const [counts] = await owner(
        `select count(*)::integer as keys, (select count(*)::integer from fulfillment_import_chunk where key = $1) as chunks
         from fulfillment_import where key = $1`,
        [key],
      );
      return counts;
    };
    const age = (time: string) =>
      owner(`update fulfillment_import set seen_date = now() - $2::interval where key = $1`, [key, time]);
    await age('23 hours');
    expect(await kept()).toEqual({ keys: 1, chunks: 1 });
    await age('25 hours');
    expect(await kept()).toEqual({ keys: 1, chunks: 0 });
    expect((await importer.send(header + importer.rows(1), { key })).status).toBe(422);
    await age('31 days');
    expect(await kept()).toEqual({ keys: 0, chunks: 0 });
  });
});

describe('with runBilling', () => {
  const sent = (count: number, more = '') =>
    `${header.trim()},state,billTargetDate\n${importer.rows(count).replaceAll('\n', ',SentToBilling,2026-01-31\n')}${more}`;

  test('the fulfillments of the file are billed chunk by chunk, once', async () => {
    const key = nextKey();
    const how = { key, query: '?runBilling=true&targetDate=2026-01-31' };
    const first = await importer.send(sent(1_500, `${importer.lines[0]},2026-01-31,1,Booked,2026-01-31\n`), how);
    const billing = first.told.filter((each) => each.billing);
    expect(billing).toEqual([
      { billing: { chunk: 1, of: 2, invoiceNumbers: [expect.stringMatching(/^INV\d+$/)], creditMemoNumbers: [] } },
      { billing: { chunk: 2, of: 2, invoiceNumbers: [expect.stringMatching(/^INV\d+$/)], creditMemoNumbers: [] } },
    ]);
    expect(first.told.at(-1)!.totals).toMatchObject({ lines: 1_501, invoices: 2, creditMemos: 0, unbilledChunks: 0 });
    const again = await importer.send(sent(1_500, `${importer.lines[0]},2026-01-31,1,Booked,2026-01-31\n`), how);
    expect(again.told.filter((each) => each.billing)).toEqual(billing);
    const { body } = await importer.client.graphql(
      `{ invoices(filter: { invoiceNumber: { in: ${JSON.stringify(billing.flatMap((each) => each.billing!.invoiceNumbers))} } }) { nodes { amount } } }`,
    );
    expect(body.data.invoices.nodes.map(({ amount }: { amount: string }) => amount).sort()).toEqual([
      '10000.00',
      '5000.00',
    ]);
  });

  test('a chunk that cannot be billed is told, and billed by the same file again', async () => {
    const key = nextKey();
    const how = { key, query: '?runBilling=true&targetDate=2026-01-31' };
    // A fulfillment of the most that an amount may have, twice, is more than an invoice may have.
    const { orderLineItems } = await orderFor(await importer.client.work(), [
      { quantity: '9999999999999', amountPerUnit: '1' },
      { quantity: '9999999999999', amountPerUnit: '1' },
    ]);
    const big = orderLineItems.map(({ id }) => `${id},2026-01-31,9999999999998,SentToBilling,2026-01-31\n`).join('');
    const { told } = await importer.send(sent(2, big), how);
    expect(told.at(-1)!.totals).toMatchObject({ created: 4, invoices: 0, unbilledChunks: 1 });
    expect(told.find((each) => each.billing)!.billing).toMatchObject({ errors: [{ code: 'LIMIT_EXCEEDED' }] });
    // Billed elsewhere in the meantime.
    await gateway.database.owner(
      `update fulfillment set bill_target_date = '2999-01-01' where order_line_item_id = $1`,
      [orderLineItems[0].id],
    );
    const again = await importer.send(sent(2, big), how);
    expect(again.told.at(-1)!.totals).toMatchObject({ replayed: 4, unbilledChunks: 0 });
    expect(again.told.at(-1)!.totals!.invoices).toBeGreaterThan(0);
  });
});
