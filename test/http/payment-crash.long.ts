import { createFulfillments } from '../../src/service/fulfillment';
import { sweepAttempts } from '../../src/service/payment-attempt';
import { collectPayment } from '../../src/service/payment-collect';
import { sweepRefunds } from '../../src/service/payment-refund';
import { unsettled } from '../support/books';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { killAll, type Started, start } from '../support/process';

/*
 * The real process, killed in the middle of a payment. Gates in the database stop it at one step: triggers that wait for
 * a lock which the test holds. Once it waits there it is killed. What it had asked for at that moment is then either
 * carried out without it, since the database does not notice before it is done, or lost, where its session is ended too.
 */
let gateway: TestGatewayServer;
let client: TestClient;
let owner: TestGatewayServer['database']['owner'];

const charge = 'test_gateway.charge';
const gates = {
  'before its attempt is written': `before insert on payment_attempt`,
  'while the gateway authorizes': `before insert on ${charge} for each row when (new.status in ('Authorized', 'Declined'))`,
  'before its payment is written': `before insert on payment`,
  'before its history is written': `before insert on history_entry for each row when (new.subject_type = 'Payment')`,
  'while it commits': 'after insert on payment',
  'while the gateway captures': `before update on ${charge} for each row when (new.status = 'Captured' and old.status = 'Authorized')`,
  'when it has captured and not said so': `before update on payment for each row when (new.status = 'Processed' and old.status = 'Processing')`,
  'while it commits that it has captured': `after update on payment_attempt for each row when (new.status = 'Captured')`,
  'before it writes that it was declined': `before update on payment_attempt for each row when (new.status = 'Declined')`,
  'while the gateway gives up': `before insert on ${charge} for each row when (new.status = 'Voided')`,
  'when it was given up and not said so': `before update on payment_attempt for each row when (new.status = 'Voided')`,
  'before its refund is written': 'before insert on refund',
  'while it commits its refund': 'after insert on refund',
  'while the gateway pays back': 'before insert on test_gateway.refund',
  'when it was paid back and not said so': `before update on refund`,
  'while it commits that it was paid back': 'after update on refund',
};
type Gate = keyof typeof gates;
const names = Object.keys(gates) as Gate[];
const lockClass = 7247;

/** What waits for the gateway is done two at a time. */
const behindReply: Gate[] = [
  ...(['while the gateway captures', 'when it has captured and not said so'] as const),
  ...(['while it commits that it has captured', 'while the gateway gives up'] as const),
  ...(['when it was given up and not said so', 'while the gateway pays back'] as const),
  ...(['when it was paid back and not said so', 'while it commits that it was paid back'] as const),
];

beforeAll(async () => {
  // Each look finds the pause of the breaker over: what is asked again is asked of the gateway.
  let clock = 0;
  gateway = await testGateway({
    gatewayTimeoutMs: 300,
    now: () => {
      clock += 10_000;
      return clock;
    },
  });
  client = await gateway.client();
  owner = gateway.database.owner;
  await owner(`create function gate() returns trigger language plpgsql as $$ begin
    perform pg_advisory_xact_lock_shared(${lockClass}, tg_argv[0]::integer);
    return new;
  end $$`);
  for (const [at, name] of names.entries()) {
    const [when, condition = ''] = gates[name].split(' for each row ');
    // What is deferred waits in the commit itself.
    const trigger = when.startsWith('after')
      ? `create constraint trigger gate_${at} ${when} deferrable initially deferred`
      : `create trigger gate_${at} ${when}`;
    await owner(`${trigger} for each row ${condition} execute function gate(${at})`);
  }
}, 60_000);
afterAll(async () => {
  killAll();
  await gateway.close();
});

interface Case {
  token: string;
  /** None: while it waits for an answer that never comes. */
  gate: Gate | null;
}

const collecting: Case[] = [
  ...names.slice(0, 8).map((gate) => ({ token: 'tok_ok', gate })),
  { token: 'tok_declined', gate: 'while the gateway authorizes' },
  { token: 'tok_declined', gate: 'before it writes that it was declined' },
  ...['tok_error', 'tok_timeout'].flatMap((token): Case[] => [
    { token, gate: 'while the gateway authorizes' },
    { token, gate: 'while the gateway gives up' },
    { token, gate: 'when it was given up and not said so' },
  ]),
  { token: 'tok_timeout', gate: null },
];
const refunding: Case[] = names.slice(11).map((gate) => ({ token: 'tok_ok', gate }));
const cases = [...collecting, ...refunding];

/** Started while the case before it runs. */
const spares: Started[] = [];
const startFor = (at: number): Started => {
  const { token, gate } = cases[at] ?? { token: 'tok_ok', gate: null };
  const impatient = token === 'tok_timeout' && gate !== null && behindReply.includes(gate);
  spares[at] ??= start({
    DATABASE_URL: gateway.database.url,
    JWT_SIGNING_KEY: 'a key of thirty-two characters or more',
    LOG_LEVEL: 'silent',
    GATEWAY_TIMEOUT_MS: impatient ? '300' : '20000',
  });
  return spares[at];
};

interface Request {
  query: string;
  key: string | undefined;
  accountId: string;
}
let made = 0;

/** Requests that each collect an invoice of 10.00 on an account of its own, or refund 4.00 of one that is paid. */
async function requests(count: number, kind: 'collect' | 'refund', token: string): Promise<Request[]> {
  const work = await client.work();
  const all: Request[] = [];
  for (let at = 0; at < count; at++) {
    const { account, orderLineItems } = await orderFor(work, [{}], { paymentMethodToken: token });
    const { invoices } = await createFulfillments(work, {
      fulfillments: [
        {
          ...{ orderLineItemId: orderLineItems[0].id, quantity: '1', state: 'SentToBilling' },
          ...{ fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
        },
      ],
      processingOptions: { runBilling: true },
    });
    let field = `collectPayment(invoiceKeys: ["${invoices[0].id}"])`;
    if (kind === 'refund') {
      const { payments } = await collectPayment(work, [invoices[0].id]);
      await work.finish();
      field = `refundPayment(key: "${payments[0].id}", amount: 4)`;
    }
    const query = `mutation { done: ${field} { userErrors { code } } }`;
    all.push({ query, key: at % 2 ? undefined : `crash-${++made}`, accountId: account.id });
  }
  return all;
}

const headers = ({ key }: Request): Record<string, string> => (key ? { 'idempotency-key': key } : {});

const waiters = (gate: Gate) =>
  owner<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and not granted and classid = ${lockClass} and objid = $1
       and database = (select oid from pg_database where datname = current_database())`,
    [names.indexOf(gate)],
  );

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    // Asked without a pause, the database has little time left for what is waited for.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Has the process carry the requests out as far as the gate, and kills it there; every second of them is lost. */
async function killAt(gate: Gate | null, process: Started, asked: Request[]): Promise<void> {
  const origin = await process.origin;
  const send = (request: Request) =>
    fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
        ...headers(request),
      },
      body: JSON.stringify({ query: request.query }),
    }).catch(() => {});
  if (gate === null) {
    for (const request of asked) void send(request);
    const waiting = "select from test_gateway.charge where status = 'Authorized'";
    await until('the gateway keeps them waiting', async () => (await owner(waiting)).length === asked.length);
    process.child.kill('SIGKILL');
    await process.ended;
    return;
  }
  await owner('select pg_advisory_lock($1, $2)', [lockClass, names.indexOf(gate)]);
  const pids: number[] = [];
  const arrived = (count: number) =>
    until(`${count} wait ${gate}`, async () => {
      for (const { pid } of await waiters(gate)) if (!pids.includes(pid)) pids.push(pid);
      return pids.length === count;
    });
  if (behindReply.includes(gate)) {
    for (const request of asked) void send(request);
    await arrived(asked.length);
  } else {
    for (const [at, request] of asked.entries()) {
      void send(request);
      await arrived(at + 1);
    }
  }
  process.child.kill('SIGKILL');
  await process.ended;
  // The first two are kept where there are four, so that with a key and without one each has both fates.
  await owner('select pg_terminate_backend(pid) from unnest($1::integer[]) as lost(pid)', [
    pids.slice(pids.length / 2),
  ]);
  await until('the lost are gone', async () => (await waiters(gate)).length === pids.length / 2);
  await owner('select pg_advisory_unlock($1, $2)', [lockClass, names.indexOf(gate)]);
  await until('the kept are done', async () => {
    await owner('select pg_stat_clear_snapshot()');
    return (await owner('select from pg_stat_activity where pid = any($1)', [pids])).length === 0;
  });
}

const open = `select from payment_attempt where status = 'Open' union all select from refund where status = 'Processing'`;

/** Sweeps until nothing is open: a session of the killed process may hold an attempt until it has noticed. */
async function settle(): Promise<void> {
  await gateway.server.settled();
  await until('all has come to its end', async () => {
    await Promise.all([sweepAttempts(gateway.services), sweepAttempts(gateway.services)]);
    await Promise.all([sweepRefunds(gateway.services), sweepRefunds(gateway.services)]);
    return (await owner(open)).length === 0;
  });
  expect(await unsettled(owner)).toEqual({});
}

/** What was taken of the accounts and kept, and what they still owe. */
const money = async (asked: Request[]) => {
  const ids = asked.map(({ accountId }) => accountId);
  const rows = await owner<{ account_id: string; kept: string; owed: string }>(
    `select i.account_id, i.balance as owed, coalesce((select sum(c.amount - c.refunded) from test_gateway.charge c
       join payment_attempt a on a.id = c.key where a.account_id = i.account_id and c.status = 'Captured'), 0) as kept
     from invoice i where i.account_id = any($1)`,
    [ids],
  );
  return ids.map((id) => {
    const { kept, owed } = rows.find((row) => row.account_id === id)!;
    return `kept ${kept}, owed ${owed}`;
  });
};

const countAt = (gate: Gate | null) => (gate && behindReply.includes(gate) ? 2 : 4);
const named = (some: Case[], from: number) =>
  some.map(({ token, gate }, at) => [token, gate ?? 'while it waits for the gateway', from + at] as const);

/** The case, up to the sweep behind the kill. */
async function crashed(at: number, kind: 'collect' | 'refund'): Promise<Request[]> {
  const { token, gate } = cases[at];
  const process = startFor(at);
  const asked = await requests(countAt(gate), kind, token);
  await killAt(gate, process, asked);
  startFor(at + 1);
  await settle();
  return asked;
}

const again = async (request: Request): Promise<string[]> => {
  const { body } = await client.graphql(request.query, {}, headers(request));
  return body.data.done.userErrors.map(({ code }: { code: string }) => code);
};

describe('a process that is killed while it collects', () => {
  test.each(named(collecting, 0))('%s, %s, has neither lost nor doubled a cent', async (token, _gate, at) => {
    const asked = await crashed(at, 'collect');
    const paid = await money(asked);
    for (const each of paid) expect(['kept 10, owed 0', 'kept 0, owed 10']).toContain(each);
    if (token !== 'tok_ok') expect(new Set(paid)).toEqual(new Set(['kept 0, owed 10']));
    // Asked again it is paid, by then if not before; a key finds its own outcome, and without one nothing is owed.
    for (const [at, request] of asked.entries()) {
      const codes = await again(request);
      if (token === 'tok_ok')
        expect(codes).toEqual(!request.key && paid[at] === 'kept 10, owed 0' ? ['BALANCE_EXCEEDED'] : []);
      else expect(codes).toEqual([token === 'tok_declined' ? 'PAYMENT_DECLINED' : 'PAYMENT_FAILED']);
    }
    await settle();
    expect(new Set(await money(asked))).toEqual(new Set([token === 'tok_ok' ? 'kept 10, owed 0' : 'kept 0, owed 10']));
  });
});

describe('a process that is killed while it refunds', () => {
  test.each(named(refunding, collecting.length))(
    '%s, %s, has neither lost nor doubled a cent',
    async (_token, _gate, at) => {
      const asked = await crashed(at, 'refund');
      for (const each of await money(asked)) expect(['kept 10, owed 0', 'kept 6, owed 4']).toContain(each);
      const keyed = asked.filter(({ key }) => key);
      for (const request of keyed) expect(await again(request)).toEqual([]);
      await settle();
      expect(new Set(await money(keyed))).toEqual(new Set(['kept 6, owed 4']));
    },
  );
});

describe('a process that starts anew', () => {
  test('captures and pays back what the one before it had committed', async () => {
    const at = cases.length;
    // Both before anything is open: a process sweeps when it starts.
    await Promise.all([startFor(at).origin, startFor(at + 1).origin]);
    const [collected] = await requests(1, 'collect', 'tok_ok');
    await killAt('while it commits', startFor(at), [collected, ...(await requests(1, 'collect', 'tok_ok'))]);
    const [refunded] = await requests(1, 'refund', 'tok_ok');
    await killAt('while it commits its refund', startFor(at + 1), [
      refunded,
      ...(await requests(1, 'refund', 'tok_ok')),
    ]);
    expect((await owner(open)).length).toBeGreaterThanOrEqual(2);
    await startFor(at + 2).origin;
    await until('the new process has settled all', async () => (await owner(open)).length === 0);
    expect(await unsettled(owner)).toEqual({});
    expect(await money([collected, refunded])).toEqual(['kept 10, owed 0', 'kept 6, owed 4']);
  });
});
