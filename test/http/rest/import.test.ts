import { connect } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Client } from 'pg';
import { purgeImports } from '../../../src/store/import';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let origin: string;
let lines: string[];

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  origin = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  const booked = Array.from({ length: 30 }, () => ({ quantity: '1000' }));
  const { orderLineItems } = await orderFor(await client.work(), booked);
  lines = orderLineItems.map(({ id }) => id);
});

/** A line of a reply. */
interface Told {
  line?: number;
  fulfillmentNumber?: string;
  errors?: { code: string; message: string; path: string[] }[];
  progress?: object;
  billing?: { chunk: number; invoiceNumbers: string[] };
  totals?: Record<string, number>;
  error?: { code: string; message: string; afterLine: number; retryable?: true };
}
interface Reply {
  status: number;
  headers: Headers;
  text: string;
  told: Told[];
  /** The line of the reply to a line of the file. */
  of(line: number): Told | undefined;
}

let keys = 0;
const nextKey = () => `import ${++keys}`;

interface How {
  type?: string;
  key?: string;
  query?: string;
  headers?: Record<string, string>;
  by?: TestClient;
  signal?: AbortSignal;
}
const request = (
  body: unknown,
  {
    type = 'text/csv',
    key = nextKey(),
    query = '',
    headers = {},
    by = client,
    signal,
    at = origin,
  }: How & { at?: string },
) =>
  fetch(`${at}/v1/fulfillments/import${query}`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${by.token}`, 'content-type': type },
      ...(key && { 'idempotency-key': key }),
      ...headers,
    },
    ...{ body: body as string, duplex: 'half', signal },
  });

async function send(body: string | Uint8Array | ReadableStream, how: How = {}): Promise<Reply> {
  const { status, headers, ...response } = await request(body, how).then(async (answer) => ({
    ...{ status: answer.status, headers: answer.headers, text: await answer.text() },
  }));
  const { text } = response;
  const isStream = headers.get('content-type')!.startsWith('application/jsonl');
  const told: Told[] = isStream
    ? text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
  return { status, headers, text, told, of: (line) => told.find((each) => each.line === line) };
}
const sendJson = (values: unknown[], how: How = {}) =>
  send(values.map((value) => JSON.stringify(value)).join('\n'), { type: 'application/jsonl', ...how });

/** An import whose first chunk is carried out, and whose file goes on. */
async function open(first: string, how: How & { at?: string } = {}) {
  let more: (text: string) => void = () => {};
  let end = () => {};
  const gone = new AbortController();
  const body = new ReadableStream({
    start(controller) {
      more = (text) => controller.enqueue(Buffer.from(text));
      end = () => controller.close();
    },
  });
  more(header + first);
  return { more, end, gone, answered: await request(body, { ...how, signal: gone.signal }) };
}
const lastOf = async (answered: Response): Promise<Told> =>
  JSON.parse((await answered.text()).trim().split('\n').at(-1)!);

/** A line item takes a hundred fulfillments. */
const rows = (count: number, quantity = '1') =>
  Array.from({ length: count }, (_, at) => `${lines[at % lines.length]},2026-01-31,${quantity}\n`).join('');
const header = 'orderLineItemId,fulfillmentDate,quantity\n';
const entry = (more: object = {}) => ({
  ...{ orderLineItemId: lines[0], fulfillmentDate: '2026-01-31', quantity: 1 },
  ...more,
});
const countOf = async () => {
  const [{ count }] = await gateway.database.owner<{ count: number }>(
    'select count(*)::integer as count from fulfillment',
  );
  return count;
};
const whole = (lines: number) => ({ lines, created: lines, refused: 0, replayed: 0 });

describe('an import', () => {
  test('creates a fulfillment for each line, and answers each line', async () => {
    const { status, headers, told } = await send(header + rows(3));
    expect([status, headers.get('content-type')]).toEqual([200, 'application/jsonl; charset=utf-8']);
    expect(told).toEqual([
      ...[2, 3, 4].map((line) => ({ line, fulfillmentNumber: expect.stringMatching(/^F-\d{8}$/) })),
      { progress: { lines: 3, created: 3, refused: 0 } },
      { totals: whole(3) },
    ]);
  });

  test('takes the fields of createFulfillments from lines of JSON, items and published spellings among them', async () => {
    const item = { itemIdentifier: 'SN-1', Lot__c: 'A' };
    const { told } = await sendJson([
      entry({ state: 'Booked', carrier: 'UPS', Ship__c: 'x', fulfillmentItems: [item] }),
      entry({ state: 'Cancelled' }),
    ]);
    const [{ fulfillmentNumber }, refused] = told;
    expect(refused.errors).toEqual([expect.objectContaining({ code: 'STATE_NOT_CREATABLE', path: ['state'] })]);
    const url = `/v1/fulfillments/${fulfillmentNumber}?fulfillment-items=true`;
    const { body } = await client.request({ method: 'GET', url });
    expect(body.fulfillment).toMatchObject({ state: 'Booked', carrier: 'UPS', customFields: { Ship__c: 'x' } });
    expect(body.fulfillment.fulfillmentItems).toEqual([
      expect.objectContaining({ itemIdentifier: 'SN-1', customFields: { Lot__c: 'A' } }),
    ]);
  });

  test('takes booleans, custom fields and empty cells of a CSV', async () => {
    const columns = `quantity;orderLineItemId;fulfillmentDate;customFields.lot__c;excludeItemBillingFromRevenueAccounting;carrier;description`;
    const { told } = await send(
      `\ufeff${columns}\r\n1.50;${lines[0]};2026-01-31;"A;""1""";TRUE;;"two\nlines"\r\n1;${lines[0]};2026-01-31;;;;\r\n`,
    );
    const { body } = await client.request({ method: 'GET', url: `/v1/fulfillments/${told[0].fulfillmentNumber}` });
    expect(told.map(({ line }) => line)).toEqual([2, 4, undefined, undefined]);
    expect(body.fulfillment).toMatchObject({
      ...{ quantity: 1.5, carrier: null, excludeItemBillingFromRevenueAccounting: true },
      ...{ customFields: { lot__c: 'A;"1"' }, description: 'two\nlines' },
    });
  });

  test('judges lines in their order over chunks, as createFulfillments does with SkipFailed', async () => {
    const { orderLineItems } = await orderFor(await client.work(), [{ quantity: '3' }]);
    const [{ id }] = orderLineItems;
    const last = Array.from({ length: 4 }, () => `${id},2026-01-31,1,Booked\n`).join('');
    const between = rows(999).replaceAll('\n', ',\n');
    const [before, after] = [last.slice(0, last.length / 2), last.slice(last.length / 2)];
    const { told, of } = await send(`${header.trim()},state\n${before}${between}${after}`);
    expect(told.at(-1)!.totals).toEqual({ lines: 1_003, created: 1_002, refused: 1, replayed: 0 });
    expect(of(1_004)!.errors).toEqual([expect.objectContaining({ code: 'QUANTITY_EXCEEDED', path: ['quantity'] })]);
  });

  test('comes in gzip and goes out in gzip, if that is asked for', async () => {
    const how = { headers: { 'content-encoding': 'gzip', 'accept-encoding': 'gzip' } };
    const asked = { ...how, headers: { ...how.headers, authorization: `Bearer ${client.token}` } };
    const { body, headers } = await client.request({
      ...{ method: 'POST', url: '/v1/fulfillments/import', payload: gzipSync(header + rows(2)) },
      headers: { ...asked.headers, 'content-type': 'text/csv', 'idempotency-key': nextKey() },
    });
    expect([body, headers['content-encoding']]).toEqual([undefined, 'gzip']);
    expect((await send(gzipSync(header + rows(2)), how)).told.at(-1)).toEqual({ totals: whole(2) });
    expect(gunzipSync(gzipSync('a')).toString()).toBe('a');
  });

  test('of no lines creates nothing', async () => {
    expect((await send(header)).told).toEqual([{ totals: whole(0) }]);
    expect((await send('', { type: 'application/jsonl' })).told).toEqual([{ totals: whole(0) }]);
    expect((await send('\n\r\n', { type: 'application/jsonl' })).told).toEqual([{ totals: whole(0) }]);
  });
});

describe('the same key', () => {
  test('with the same file again tells the same and creates nothing', async () => {
    const key = nextKey();
    const file = header + rows(2_300) + rows(1, '-1');
    const first = await send(file, { key });
    const before = await countOf();
    const second = await send(gzipSync(file), { key, headers: { 'content-encoding': 'gzip' } });
    expect(second.told.at(-1)!.totals).toEqual({ lines: 2_301, created: 2_300, refused: 1, replayed: 2_301 });
    const answers = (reply: Reply) => reply.told.filter(({ line }) => line);
    expect(answers(second)).toEqual(answers(first));
    expect(await countOf()).toBe(before);
  });

  test('goes on after a client that was cut off, and creates nothing twice', async () => {
    const key = nextKey();
    const file = header + rows(2_500);
    const before = await countOf();
    const gone = new AbortController();
    const part = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from(file.slice(0, file.length - 20))),
    });
    const asked = fetch(`${origin}/v1/fulfillments/import`, {
      ...{ method: 'POST', signal: gone.signal, body: part, duplex: 'half' },
      headers: { authorization: `Bearer ${client.token}`, 'content-type': 'text/csv', 'idempotency-key': key },
    } as RequestInit);
    const reader = (await asked).body!.getReader();
    await reader.read();
    gone.abort();
    let reply = await send(file, { key });
    for (; reply.status === 409; reply = await send(file, { key })) await new Promise((done) => setTimeout(done, 50));
    const totals = reply.told.at(-1)!.totals!;
    expect(totals).toMatchObject({ lines: 2_500, created: 2_500 });
    expect(totals.replayed % 1_000).toBe(0);
    expect(totals.replayed).toBeGreaterThan(0);
    expect(await countOf()).toBe(before + 2_500);
  });

  test('with another first chunk, other columns or other options is 422, and changes nothing', async () => {
    const key = nextKey();
    await send(header + rows(3), { key });
    const before = await countOf();
    const other = async (file: string, how: How = {}) => {
      const { status, text } = await send(file, { key, ...how });
      return [status, JSON.parse(text).reasons[0].message];
    };
    expect(await other(header + rows(2) + rows(1, '2'))).toEqual([422, expect.stringContaining('Line 4 is not')]);
    expect(await other(header + rows(4))).toEqual([422, expect.stringContaining('before line 5')]);
    expect(await other(header + rows(2))).toEqual([422, expect.stringContaining('ends with line 3')]);
    expect(await other(header)).toEqual([422, expect.stringContaining('goes on')]);
    const columns = 'orderLineItemId,quantity,fulfillmentDate\n';
    expect((await other(columns + rows(3)))[0]).toBe(422);
    expect((await other(header + rows(3), { query: '?runBilling=true' }))[0]).toBe(422);
    expect((await send(JSON.stringify(entry()), { key, type: 'application/jsonl' })).status).toBe(422);
    expect(await countOf()).toBe(before);
  });

  test('with another later chunk ends there, and says at which line', async () => {
    const key = nextKey();
    await send(header + rows(2_100), { key });
    const before = await countOf();
    const { status, told } = await send(header + rows(1_500) + rows(1, '2') + rows(599), { key });
    expect([status, told.filter(({ line }) => line).length]).toEqual([200, 1_000]);
    expect(told.at(-1)!.error).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', afterLine: 1_001 });
    expect(told.at(-1)!.error!.message).toContain('Line 1502');
    const shorter = await send(header + rows(2_000), { key });
    expect(shorter.told.at(-1)!.error!.message).toContain('ends with line 2001');
    const longer = await send(header + rows(3_000), { key });
    expect(longer.told.at(-1)!.error!.message).toContain('before line 2102');
    expect(await countOf()).toBe(before);
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
    more(Buffer.from(header + rows(1_000)));
    const first = request(slow, { key });
    const answered = await first;
    const file = header + rows(1_000) + rows(1);
    const second = await send(file, { key });
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '1']);
    more(Buffer.from(rows(1)));
    end();
    expect((await answered.text()).trim().split('\n').at(-1)).toBe(JSON.stringify({ totals: whole(1_001) }));
    expect((await send(file, { key })).told.at(-1)!.totals!.replayed).toBe(1_001);
  });

  test('of another client or entity is another import', async () => {
    const key = nextKey();
    const other = await gateway.client();
    await send(header + rows(1), { key });
    expect((await send(header + rows(2), { key, by: other })).told.at(-1)!.totals).toEqual(whole(2));
  });

  test('is refused once its outcome is forgotten, a day after the last import', async () => {
    const key = nextKey();
    await send(header + rows(1), { key });
    await gateway.database.owner(
      "update fulfillment_import set seen_date = now() - interval '25 hours' where key = $1",
      [key],
    );
    const { status, text } = await send(header + rows(1), { key });
    expect([status, JSON.parse(text).reasons[0].message]).toEqual([422, expect.stringContaining('is forgotten')]);
  });
});

describe('a day later', () => {
  test('the chunks are forgotten, the key is refused for a month, and then it is forgotten too', async () => {
    const { owner, db } = gateway.database;
    const key = nextKey();
    await send(header + rows(1), { key });
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
    expect((await send(header + rows(1), { key })).status).toBe(422);
    await age('31 days');
    expect(await kept()).toEqual({ keys: 0, chunks: 0 });
  });
});

describe('a client', () => {
  test('that reads nothing before its whole file is sent gets the whole reply', async () => {
    // The reply has 25 MB: more than both kernels hold.
    const names = Array.from({ length: 10 }, (_, at) => `${'n'.repeat(240)}${at}__c`);
    const line = JSON.stringify(entry({ customFields: Object.fromEntries(names.map((name) => [name, '\u0001'])) }));
    const file = Buffer.from(`${line}\n`.repeat(4_000));
    const answered = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(origin).port), '127.0.0.1');
      socket.on('error', reject);
      socket.write(
        [
          'POST /v1/fulfillments/import HTTP/1.1',
          ...['host: localhost', `authorization: Bearer ${client.token}`, `idempotency-key: ${nextKey()}`],
          ...['content-type: application/jsonl', `content-length: ${file.length}`, 'connection: close', '', ''],
        ].join('\r\n'),
      );
      socket.pause();
      let at = 0;
      const next = () => {
        while (at < file.length) {
          at += 50_000;
          if (!socket.write(file.subarray(at - 50_000, at))) return socket.once('drain', next);
        }
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk;
        });
        socket.on('end', () => resolve(text));
        return socket.resume();
      };
      next();
    });
    expect(answered.length).toBeGreaterThan(18_000_000);
    expect(answered.match(/"line":/g)).toHaveLength(4_000);
    expect(answered).toContain('{"totals":{"lines":4000,"created":0,"refused":4000,"replayed":0}}');
  });

  test('ends with the rights of its client', async () => {
    const by = await gateway.client();
    let more: (bytes: string) => void = () => {};
    const body = new ReadableStream({
      start: (controller) => {
        more = (bytes) => controller.enqueue(Buffer.from(bytes));
      },
    });
    more(header + rows(1_000));
    const gone = new AbortController();
    const answered = await request(body, { by, signal: gone.signal });
    await gateway.database.owner('update client set revoked_date = now() where id = $1', [by.clientId]);
    more(rows(1_000));
    const text = await answered.text();
    expect(JSON.parse(text.trim().split('\n').at(-1)!).error).toMatchObject({
      code: 'UNAUTHENTICATED',
      afterLine: 1_001,
    });
    gone.abort();
  });

  test('whose import is taken over by another request carries out nothing more', async () => {
    const key = nextKey();
    const { more, answered, gone } = await open(rows(1_000), { key });
    const { owner } = gateway.database;
    await owner('update fulfillment_import set holder = gen_random_uuid() where key = $1', [key]);
    const before = await countOf();
    more(rows(1_000));
    expect(await lastOf(answered)).toMatchObject({ error: { code: 'IDEMPOTENCY_IN_PROGRESS', retryable: true } });
    expect(await countOf()).toBe(before);
    gone.abort();
  });

  test('is told of an outage amid its file, and the same file goes on', async () => {
    const key = nextKey();
    const { more, answered, gone } = await open(rows(1_000), { key });
    const { owner } = gateway.database;
    const lock = new Client(gateway.database.url);
    await lock.connect();
    await lock.query('begin');
    await lock.query('select from order_line_item where id = $1 for update', [lines[0]]);
    more(rows(1_000));
    const waiting = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%order_line_item%'`;
    while ((await owner(waiting)).length === 0);
    const last = await lastOf(answered);
    await lock.end();
    gone.abort();
    expect(last).toMatchObject({ error: { code: 'UNAVAILABLE', retryable: true, afterLine: 1_001 } });
    expect((await send(header + rows(1_000) + rows(1_000), { key })).told.at(-1)).toEqual({
      totals: { lines: 2_000, created: 2_000, refused: 0, replayed: 1_000 },
    });
  });

  test('may have four imports under way', async () => {
    const by = await gateway.client();
    const gone = new AbortController();
    const open = () =>
      fetch(`${origin}/v1/fulfillments/import`, {
        ...{ method: 'POST', signal: gone.signal, duplex: 'half' },
        headers: { authorization: `Bearer ${by.token}`, 'content-type': 'text/csv', 'idempotency-key': nextKey() },
        body: new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from(header)) }),
      } as RequestInit).catch(() => undefined);
    const all = Array.from({ length: 4 }, open);
    const held = () =>
      gateway.database.owner('select from fulfillment_import where client_id = $1 and holder is not null', [
        by.clientId,
      ]);
    while ((await held()).length < 4);
    const refused = await send(header, { by });
    expect([refused.status, refused.text]).toEqual([429, expect.stringContaining('4 are allowed')]);
    gone.abort();
    await Promise.all(all);
    while ((await send(header, { by })).status === 429);
  });
});

describe('where a request must arrive within a second', () => {
  let strict: TestGatewayServer;
  let at: string;
  let by: TestClient;
  beforeAll(async () => {
    strict = await testGateway({ server: { receiveTimeoutMs: 1_000, sendTimeoutMs: 1_000 } });
    by = await strict.client();
    at = await strict.server.app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(() => strict.close());

  test('a file may take longer, and a client that sends nothing is ended', async () => {
    const { more, end, answered, gone } = await open('x,y,z\n'.repeat(1_000), { by, at });
    for (let times = 0; times < 6; times++) {
      await new Promise((done) => setTimeout(done, 400));
      more('x,y,z\n');
    }
    end();
    expect(await lastOf(answered)).toEqual({ totals: { lines: 1_006, created: 0, refused: 1_006, replayed: 0 } });
    gone.abort();
    const silent = await open('x,y,z\n'.repeat(1_000), { by, at });
    expect(await lastOf(silent.answered)).toMatchObject({ error: { code: 'REQUEST_TIMEOUT', afterLine: 1_001 } });
    silent.gone.abort();
  });
});

describe('before anything is written', () => {
  test.each<[string, () => string | Uint8Array, string]>([
    ['an unknown column', () => `${header.trim()},colour\n`, 'The column "colour" is unknown'],
    ['a column that is there twice', () => `quantity,${header}`, 'The column "quantity" is there twice'],
    ['a missing column', () => 'orderLineItemId,quantity\n', 'The column "fulfillmentDate" is missing'],
    ['a column without a name', () => `${header.trim()},\n`, 'Column 4 has no name'],
    ['items in a CSV', () => `${header.trim()},fulfillmentItems\n`, 'Send items as application/jsonl'],
    ['a custom field of another name', () => `${header.trim()},customFields.lot\n`, '"customFields.lot" is unknown'],
    ['an empty file', () => '', 'The file is empty'],
    ['UTF-16', () => Buffer.from(`\ufeff${header}`, 'utf16le'), 'in UTF-8'],
    ['a header that never ends', () => 'a'.repeat(2_000_000), 'must name the columns'],
    ['a quote that is not closed in the header', () => `"${header}`, 'A quote is not closed'],
  ])('a CSV with %s is 400', async (_what, file, message) => {
    const { status, text } = await send(file());
    expect([status, JSON.parse(text).reasons[0].message]).toEqual([400, expect.stringContaining(message)]);
  });

  test.each<[string, How, number]>([
    ['no key', { key: '' }, 400],
    ['another media type', { type: 'application/json' }, 415],
    ['another encoding', { type: 'text/csv; charset=iso-8859-1' }, 415],
    ['another compression', { headers: { 'content-encoding': 'br' } }, 415],
    ['an unknown parameter', { query: '?colour=red' }, 400],
    ['a parameter without its other', { query: '?targetDate=2026-01-31' }, 400],
    ['no day', { query: '?runBilling=true&targetDate=2026-02-31' }, 400],
    ['a parameter that is there twice', { query: '?runBilling=true&runBilling=true' }, 400],
  ])('%s is refused', async (_what, how, status) => {
    const before = await countOf();
    expect((await send(header + rows(1), how)).status).toBe(status);
    expect(await countOf()).toBe(before);
  });

  test('billing needs its scope', async () => {
    const by = await gateway.client({ scopes: ['fulfill'] });
    expect((await send(header + rows(1), { by, query: '?runBilling=true' })).status).toBe(403);
    expect((await send(header + rows(1), { by, query: '?runBilling=false' })).status).toBe(200);
  });
});

describe('a line that is not right', () => {
  test('is refused by its number, and the others are carried out', async () => {
    const bad = Buffer.concat([Buffer.from(`${lines[0]},2026-01-31,1`), Buffer.from([0xff, 0xfe, 10])]);
    const file = Buffer.concat([
      Buffer.from(`${header}${rows(1)}1,2\n`),
      bad,
      Buffer.from(`${lines[0]},2026-01-31,"1\n`),
    ]);
    const { told, of } = await send(file);
    expect(told.at(-1)!.totals).toEqual({ lines: 4, created: 1, refused: 3, replayed: 0 });
    expect(of(3)!.errors![0].message).toBe('The line has 2 fields; the header has 3.');
    expect(of(4)!.errors![0].message).toContain('not valid UTF-8');
    expect(of(5)!.errors![0].message).toContain('A quote is not closed');
  });

  test('in JSON says what is wrong with it', async () => {
    const deep = `${'['.repeat(200)}${']'.repeat(200)}`;
    const file = ['{"orderLineItemId":', 'null', '[]', '"x"', '{}', '{"__proto__":{}}', deep, JSON.stringify(entry())];
    const { told, of } = await send(file.join('\n'), { type: 'application/jsonl' });
    expect(told.at(-1)!.totals).toEqual({ lines: 8, created: 1, refused: 7, replayed: 0 });
    expect(of(1)!.errors![0].message).toContain('The line is not JSON');
    expect(of(5)!.errors!.map(({ code }) => code)).toEqual(['REQUIRED', 'REQUIRED', 'REQUIRED']);
    expect(of(6)!.errors![0].message).toContain('__proto__');
    expect(of(7)!.errors![0].message).toContain('nested too deeply');
  });

  test('may have ten megabytes, and takes no more memory than one', async () => {
    const long = `{"a":"${'x'.repeat(10_000_000)}"}`;
    const { told, of } = await send(`${long}\n${JSON.stringify(entry())}\n`, { type: 'application/jsonl' });
    expect(of(1)!.errors![0]).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(of(2)!.fulfillmentNumber).toBeDefined();
    expect(told.at(-1)!.totals).toEqual({ lines: 2, created: 1, refused: 1, replayed: 0 });
  });
});

describe('with runBilling', () => {
  const sent = (count: number, more = '') =>
    `${header.trim()},state,billTargetDate\n${rows(count).replaceAll('\n', ',SentToBilling,2026-01-31\n')}${more}`;

  test('the fulfillments of the file are billed chunk by chunk, once', async () => {
    const key = nextKey();
    const how = { key, query: '?runBilling=true&targetDate=2026-01-31' };
    const first = await send(sent(1_500, `${lines[0]},2026-01-31,1,Booked,2026-01-31\n`), how);
    const billing = first.told.filter((each) => each.billing);
    expect(billing).toEqual([
      { billing: { chunk: 1, of: 2, invoiceNumbers: [expect.stringMatching(/^INV\d+$/)], creditMemoNumbers: [] } },
      { billing: { chunk: 2, of: 2, invoiceNumbers: [expect.stringMatching(/^INV\d+$/)], creditMemoNumbers: [] } },
    ]);
    expect(first.told.at(-1)!.totals).toMatchObject({ lines: 1_501, invoices: 2, creditMemos: 0, unbilledChunks: 0 });
    const again = await send(sent(1_500, `${lines[0]},2026-01-31,1,Booked,2026-01-31\n`), how);
    expect(again.told.filter((each) => each.billing)).toEqual(billing);
    const { body } = await client.graphql(
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
    const { orderLineItems } = await orderFor(await client.work(), [
      { quantity: '9999999999999', amountPerUnit: '1' },
      { quantity: '9999999999999', amountPerUnit: '1' },
    ]);
    const big = orderLineItems.map(({ id }) => `${id},2026-01-31,9999999999998,SentToBilling,2026-01-31\n`).join('');
    const { told } = await send(sent(2, big), how);
    expect(told.at(-1)!.totals).toMatchObject({ created: 4, invoices: 0, unbilledChunks: 1 });
    expect(told.find((each) => each.billing)!.billing).toMatchObject({ errors: [{ code: 'LIMIT_EXCEEDED' }] });
    // Billed elsewhere in the meantime.
    await gateway.database.owner(
      `update fulfillment set bill_target_date = '2999-01-01' where order_line_item_id = $1`,
      [orderLineItems[0].id],
    );
    const again = await send(sent(2, big), how);
    expect(again.told.at(-1)!.totals).toMatchObject({ replayed: 4, unbilledChunks: 0 });
    expect(again.told.at(-1)!.totals!.invoices).toBeGreaterThan(0);
  });
});
