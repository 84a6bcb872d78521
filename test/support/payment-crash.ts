import type { Pool } from 'pg';
import type { PaymentGateway } from '../../src/gateway/port';
import { createFulfillments } from '../../src/service/fulfillment';
import { sweepAttempts } from '../../src/service/payment-attempt';
import { collectPayment } from '../../src/service/payment-collect';
import { sweepRefunds } from '../../src/service/payment-refund';
import { unsettled } from './books';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from './gateway';
import { killAll, type Started, start } from './process';

/*
 * The real process, killed in the middle of a payment. Gates stop it at one step: triggers in the database that wait for a lock
 * which the test holds, and requests that wait at the provider. Once it waits there it is killed. What it had asked for at that
 * moment is then either carried out without it, since the other side does not notice before it is done, or lost, where its
 * session is ended too.
 */

/** A step at which a process is stopped. */
export interface Step {
  /** A trigger in the database: when it fires, and under which condition. */
  trigger?: string;
  /** A request to the provider, before or after its effect. */
  request?: { match: RegExp; at: 'before' | 'after' };
  /** Reached behind a reply. What waits for the gateway is done two at a time. */
  behindReply?: true;
}

export interface Case {
  token: string;
  /** None: while it waits for an answer that never comes. */
  gate: string | null;
}

interface Crashes {
  steps: Record<string, Step>;
  collecting: Case[];
  refunding: Case[];
  /** What a payment with each token comes to. */
  outcomes: Record<string, 'paid' | 'PAYMENT_DECLINED' | 'PAYMENT_FAILED'>;
  /** The provider, where it is not the test gateway. */
  provider?: CrashProvider;
}

export interface CrashProvider {
  open(): Promise<void>;
  close(): Promise<void>;
  payments(pool: Pool): PaymentGateway;
  env(): Record<string, string>;
  /** A payment method that behaves as a token of the test gateway. */
  token(token: string): string;
  hold(request: NonNullable<Step['request']>): { readonly waiting: number; open(lose: number): void };
  /** Copies what the provider says into the ledger of the test gateway, against which the books are held. */
  mirror(owner: Owner): Promise<void>;
}

type Owner = TestGatewayServer['database']['owner'];

const lockClass = 7247;

/** Steps within our own database, of whatever provider. */
export const ownSteps = {
  'before its attempt is written': { trigger: 'before insert on payment_attempt' },
  'before its payment is written': { trigger: 'before insert on payment' },
  'before its history is written': {
    trigger: `before insert on history_entry for each row when (new.subject_type = 'Payment')`,
  },
  'while it commits': { trigger: 'after insert on payment' },
  'when it has captured and not said so': {
    trigger: `before update on payment for each row when (new.status = 'Processed' and old.status = 'Processing')`,
    behindReply: true,
  },
  'while it commits that it has captured': {
    trigger: `after update on payment_attempt for each row when (new.status = 'Captured')`,
    behindReply: true,
  },
  'before it writes that it was declined': {
    trigger: `before update on payment_attempt for each row when (new.status = 'Declined')`,
  },
  'when it was given up and not said so': {
    trigger: `before update on payment_attempt for each row when (new.status = 'Voided')`,
    behindReply: true,
  },
  'before its refund is written': { trigger: 'before insert on refund' },
  'while it commits its refund': { trigger: 'after insert on refund' },
  'when it was paid back and not said so': { trigger: 'before update on refund', behindReply: true },
  'while it commits that it was paid back': { trigger: 'after update on refund', behindReply: true },
} as const satisfies Record<string, Step>;

/** Declares the tests: the real process is killed at each step, and not a cent is lost or doubled. */
export function describeCrashes({ steps, collecting, refunding, outcomes, provider }: Crashes): void {
  let gateway: TestGatewayServer;
  let client: TestClient;
  let owner: Owner;

  const names = Object.keys(steps);
  const cases = [...collecting, ...refunding];
  const tokenOf = (token: string) => provider?.token(token) ?? token;

  beforeAll(async () => {
    // Each look finds the pause of the breaker over: what is asked again is asked of the gateway.
    let clock = 0;
    await provider?.open();
    gateway = await testGateway({
      gatewayTimeoutMs: provider ? 5_000 : 300,
      payments: provider?.payments,
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
      const { trigger: text } = steps[name];
      if (!text) continue;
      const [when, condition = ''] = text.split(' for each row ');
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
    await provider?.close();
  });

  /** Started while the case before it runs. */
  const spares: Started[] = [];
  const startFor = (at: number): Started => {
    const { token, gate } = cases[at] ?? { token: 'tok_ok', gate: null };
    const impatient = token === 'tok_timeout' && gate !== null && steps[gate].behindReply;
    spares[at] ??= start({
      DATABASE_URL: gateway.database.url,
      JWT_SIGNING_KEY: 'a key of thirty-two characters or more',
      LOG_LEVEL: 'silent',
      GATEWAY_TIMEOUT_MS: impatient ? '300' : '20000',
      ...provider?.env(),
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
      const { account, orderLineItems } = await orderFor(work, [{}], { paymentMethodToken: tokenOf(token) });
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

  const waiters = (gate: string) =>
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
  async function killAt(gate: string | null, process: Started, asked: Request[]): Promise<void> {
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
    const { request, behindReply } = steps[gate];
    if (request) {
      const held = provider!.hold(request);
      for (const each of asked) void send(each);
      await until(`${asked.length} wait ${gate}`, async () => held.waiting === asked.length);
      process.child.kill('SIGKILL');
      await process.ended;
      held.open(asked.length / 2);
      return;
    }
    await owner('select pg_advisory_lock($1, $2)', [lockClass, names.indexOf(gate)]);
    const pids: number[] = [];
    const arrived = (count: number) =>
      until(`${count} wait ${gate}`, async () => {
        for (const { pid } of await waiters(gate)) if (!pids.includes(pid)) pids.push(pid);
        return pids.length === count;
      });
    if (behindReply) {
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
    await provider?.mirror(owner);
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

  const countAt = (gate: string | null) => (gate && steps[gate].behindReply ? 2 : 4);
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
      const outcome = outcomes[token];
      if (outcome !== 'paid') expect(new Set(paid)).toEqual(new Set(['kept 0, owed 10']));
      // Asked again it is paid, by then if not before; a key finds its own outcome, and without one nothing is owed.
      for (const [at, request] of asked.entries()) {
        const codes = await again(request);
        if (outcome === 'paid')
          expect(codes).toEqual(!request.key && paid[at] === 'kept 10, owed 0' ? ['BALANCE_EXCEEDED'] : []);
        else expect(codes).toEqual([outcome]);
      }
      await settle();
      expect(new Set(await money(asked))).toEqual(
        new Set([outcome === 'paid' ? 'kept 10, owed 0' : 'kept 0, owed 10']),
      );
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
      await provider?.mirror(owner);
      expect(await unsettled(owner)).toEqual({});
      expect(await money([collected, refunded])).toEqual(['kept 10, owed 0', 'kept 6, owed 4']);
    });
  });
}
