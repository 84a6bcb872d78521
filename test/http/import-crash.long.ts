import { drift } from '../support/books';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { killAll, type Started, start } from '../support/process';
import { Crash } from '../support/sequences/crash';

/*
 * The real process is killed at its n-th write of an import with billing: in the lease, in each chunk, between two of them, and
 * in the billing. Whatever n is, the same file with the same key ends as one that nobody has disturbed.
 */
jest.setTimeout(600_000);

const size = 2_200;
const deaths = 6;
let gateway: TestGatewayServer;
let client: TestClient;
let crash: Crash;
let files = 0;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  crash = await Crash.in(gateway);
});
afterEach(killAll);
afterAll(() => gateway.close());

const begin = () =>
  start({
    ...{ DATABASE_URL: gateway.database.url, JWT_SIGNING_KEY: 'a key of thirty-two characters or more' },
    ...{ LOG_LEVEL: 'error', BILL_RUN_WORKERS: '0' },
  });

/** A file for line items of its own. */
async function newFile() {
  const lines = Array.from({ length: 30 }, () => ({ quantity: '1000' }));
  const { orderLineItems } = await orderFor(await client.work(), lines);
  const ids = orderLineItems.map(({ id }) => id);
  const rows = Array.from({ length: size }, (_, at) => `${ids[at % 30]},2026-01-31,1,SentToBilling,2026-01-31\n`);
  return {
    key: `file ${++files}`,
    ids,
    text: `orderLineItemId,fulfillmentDate,quantity,state,billTargetDate\n${rows.join('')}`,
  };
}
type File = Awaited<ReturnType<typeof newFile>>;

async function send(process: Started, { key, text }: File): Promise<{ status: number; last: string }> {
  const response = await fetch(`${await process.origin}/v1/fulfillments/import?runBilling=true&targetDate=2026-01-31`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'text/csv', 'idempotency-key': key },
    body: text,
  });
  const reply = (await response.text()).trim();
  return { status: response.status, last: reply.split('\n').at(-1)! };
}

const madeOf = async ({ ids }: File) => {
  const [made] = await gateway.database.owner(
    `select (select count(*)::integer from fulfillment where order_line_item_id = any($1)) as fulfillments,
       (select count(*)::integer from history_entry h join fulfillment f on f.id = h.subject_id
          where f.order_line_item_id = any($1)) as entries,
       (select count(*)::integer from invoice_item where order_line_item_id = any($1)) as "invoiceItems",
       (select count(distinct invoice_id)::integer from invoice_item where order_line_item_id = any($1)) as invoices`,
    [ids],
  );
  return made;
};
const whole = { fulfillments: size, entries: size, invoiceItems: size, invoices: 3 };

test('an import whose process is killed at any write is carried out once by the same file again', async () => {
  const undisturbed = begin();
  const first = await newFile();
  await undisturbed.origin;
  await gateway.database.owner(`select setval('writes', 1)`);
  expect((await send(undisturbed, first)).status).toBe(200);
  const [{ writes }] = await gateway.database.owner<{ writes: number }>(
    `select last_value::integer as writes from writes`,
  );
  expect(await madeOf(first)).toEqual(whole);
  expect(writes).toBeGreaterThan(2 * size);

  let died = 0;
  for (let death = 0; death < deaths; death++) {
    const file = await newFile();
    const process = death === 0 ? undisturbed : begin();
    await process.origin;
    await crash.arm(1 + Math.floor((writes * (death + 0.5)) / deaths));
    const underWay = send(process, file).catch(() => undefined);
    const waiter = await crash.struck(underWay);
    if (waiter) died++;
    await crash.kill(process, waiter, death % 2 === 0);
    await underWay;

    const next = begin();
    const since = Date.now();
    let reply = await send(next, file);
    for (; reply.status === 409; reply = await send(next, file)) await new Promise((done) => setTimeout(done, 200));
    // The killed process holds the import for some seconds at most.
    expect(Date.now() - since).toBeLessThan(30_000);
    expect(JSON.parse(reply.last).totals).toMatchObject({ lines: size, created: size, refused: 0, invoices: 3 });
    expect([death, await madeOf(file)]).toEqual([death, whole]);
    next.child.kill('SIGKILL');
    await next.ended;
  }
  expect(died).toBeGreaterThanOrEqual(deaths - 1);
  expect(await drift(gateway.database.owner)).toEqual({});
});

test('a stop ends an import after its chunk, says how to go on, and the next process goes on at once', async () => {
  const file = await newFile();
  const process = begin();
  const origin = await process.origin;
  const gone = new AbortController();
  // Two chunks, and then silence.
  const rows = file.text.split('\n').slice(0, 2_001).join('\n');
  const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from(`${rows}\n`)) });
  const response = await fetch(`${origin}/v1/fulfillments/import?runBilling=true&targetDate=2026-01-31`, {
    ...{ method: 'POST', signal: gone.signal, body, duplex: 'half' },
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'text/csv', 'idempotency-key': file.key },
  } as RequestInit);
  let text = '';
  for await (const chunk of response.body! as unknown as AsyncIterable<Uint8Array>) {
    if (!text) process.child.kill('SIGTERM');
    text += Buffer.from(chunk).toString();
  }
  const { error } = JSON.parse(text.trim().split('\n').at(-1)!);
  expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  expect(error.message).toContain('same Idempotency-Key');
  expect(await process.ended).toBe(0);
  const next = begin();
  const reply = await send(next, file);
  expect(JSON.parse(reply.last).totals.replayed).toBe(error.afterLine - 1);
  expect(await madeOf(file)).toEqual(whole);
});
