import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { killAll, type Started, start } from '../support/process';
import { listening } from '../support/socket';

/*
 * The real process is killed around the commit of requests with a key, over both doors at once. Triggers that wait for a
 * lock of the test stop it there. The client sends the same request again to another process, and to one more.
 */
const lockClass = 7248;
const gates = {
  // The outcome and the commit go out together, so only what comes before them can still be lost.
  'before it commits': 'create trigger gate_0 before insert on history_entry for each row',
  // What is deferred waits in the commit itself: it is carried out, and nobody is there to be told.
  'between commit and answer':
    'create constraint trigger gate_1 after insert on idempotency_outcome deferrable initially deferred for each row',
};
type Gate = keyof typeof gates;
const names = Object.keys(gates) as Gate[];

let gateway: TestGatewayServer;
let client: TestClient;
let owner: TestGatewayServer['database']['owner'];
let made = 0;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  owner = gateway.database.owner;
  await owner(`create function gate() returns trigger language plpgsql as $$ begin
    perform pg_advisory_xact_lock_shared(${lockClass}, tg_argv[0]::integer);
    return new;
  end $$`);
  for (const [at, name] of names.entries()) await owner(`${gates[name]} execute function gate(${at})`);
}, 60_000);
afterAll(async () => {
  killAll();
  await gateway.close();
});

const processes: Started[] = [];
const another = (): Started => {
  const process = start({
    ...{ DATABASE_URL: gateway.database.url, JWT_SIGNING_KEY: 'a key of thirty-two characters or more' },
    ...{ LOG_LEVEL: 'silent', BILL_RUN_WORKERS: '0' },
  });
  processes.push(process);
  return process;
};

interface Request {
  key: string;
  lineId: string;
  url: string;
  body: object;
}

const mutation = `mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) {
  fulfillments { id fulfillmentNumber } invoices { invoiceNumber amount } userErrors { code } } }`;

/** One through each door, on accounts of their own, since they bill. */
async function requests(): Promise<Request[]> {
  const work = await client.work();
  const orders = [await orderFor(work), await orderFor(work)];
  return orders.map(({ orderLineItems: [{ id: lineId }] }, at) => {
    const entry = { orderLineItemId: lineId, fulfillmentDate: '2022-01-01', quantity: 5, state: 'SentToBilling' };
    const input = {
      fulfillments: [{ ...entry, billTargetDate: '2022-01-01' }],
      processingOptions: { runBilling: true },
    };
    const key = `crash-${++made}`;
    return at === 0
      ? { key, lineId, url: '/graphql', body: { query: mutation, variables: { input } } }
      : { key, lineId, url: '/v1/fulfillments', body: input };
  });
}

async function send(origin: string, { key, url, body }: Request): Promise<Omit<Answer, 'body'>> {
  const answer = await fetch(origin + url, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${client.token}`, 'content-type': 'application/json', 'idempotency-key': key },
    },
    body: JSON.stringify(body),
  });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
}

/** A process that still has the key at the end of its connection gives it up within moments. */
async function sendUntilFree(origin: string, request: Request) {
  let answer = await send(origin, request);
  while (answer.status === 409) answer = await send(origin, request);
  return answer;
}

const waiting = (at: number) =>
  owner<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and not granted and classid = ${lockClass} and objid = $1
       and database = (select oid from pg_database where datname = current_database())`,
    [at],
  );

/** Has the process carry the requests out as far as the gate, kills it there, and lets the database go on. */
async function killAt(gate: Gate, process: Started, asked: Request[]): Promise<void> {
  const origin = await process.origin;
  const at = names.indexOf(gate);
  await owner('select pg_advisory_lock($1, $2)', [lockClass, at]);
  const answers = asked.map((request) =>
    send(origin, request).then(
      ({ status }) => status,
      () => 'none',
    ),
  );
  while ((await waiting(at)).length < asked.length);
  const pids = (await waiting(at)).map(({ pid }) => pid);
  process.child.kill('SIGKILL');
  expect(await process.ended).toBe('SIGKILL');
  expect(await Promise.all(answers)).toEqual(asked.map(() => 'none'));
  await owner('select pg_advisory_unlock($1, $2)', [lockClass, at]);
  do await owner('select pg_stat_clear_snapshot()');
  while ((await owner('select from pg_stat_activity where pid = any($1)', [pids])).length > 0);
}

/** What there is by now of a request. */
const effects = async ({ key, lineId }: Request) => {
  const [counts] = await owner(
    `select (select count(*)::integer from fulfillment where order_line_item_id = $1) as fulfillments,
       (select count(*)::integer from invoice_item where order_line_item_id = $1) as "invoiceItems",
       (select count(*)::integer from idempotency_outcome where key = $2) as outcomes`,
    [lineId, key],
  );
  return counts;
};
const none = { fulfillments: 0, invoiceItems: 0, outcomes: 0 };
const one = { fulfillments: 1, invoiceItems: 1, outcomes: 1 };

describe('a process that is killed', () => {
  beforeAll(() => Promise.all([...names, 'for the repetitions'].map(() => another().origin)), 60_000);

  test.each(names)('%s, leaves one effect to the repetition, on GraphQL and REST', async (gate) => {
    const [process, next] = processes.splice(0, 2);
    processes.unshift(next);
    const asked = await requests();
    await killAt(gate, process, asked);
    const committed = gate === 'between commit and answer';
    for (const request of asked) {
      expect(await effects(request)).toEqual(committed ? one : none);
      const first = await sendUntilFree(await next.origin, request);
      expect([first.status, first.headers['idempotency-replayed']]).toEqual([200, committed ? 'true' : undefined]);
      expect(first.text).toMatch(/"F-\d{8}"/);
      const second = await send(await next.origin, request);
      expect([
        second.status,
        second.text,
        second.headers['content-type'],
        second.headers['idempotency-replayed'],
      ]).toEqual([200, first.text, first.headers['content-type'], 'true']);
      // A reply that tells of what is not there would be one to something else.
      const [{ number }] = await owner<{ number: string }>(
        'select fulfillment_number as number from fulfillment where order_line_item_id = $1',
        [request.lineId],
      );
      expect(first.text).toContain(number);
      expect(await effects(request)).toEqual(one);
    }
  });
});

test('20 equal requests to two processes at once make one effect', async () => {
  const origins = [await processes[0].origin, `http://127.0.0.1:${await listening(gateway.server)}`];
  for (const request of await requests()) {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => send(origins[at % 2], request)));
    const done = answers.filter(({ status }) => status === 200);
    expect(done.filter(({ headers }) => !headers['idempotency-replayed'])).toHaveLength(1);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect([answer.status, answer.headers['retry-after']]).toEqual([409, '1']);
    }
    expect(await effects(request)).toEqual(one);
  }
});
